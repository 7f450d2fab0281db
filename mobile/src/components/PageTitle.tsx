/** A native app has no window with a title. */
export function PageTitle() {
  return null;
}
