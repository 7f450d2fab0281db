/** Choosing a picture: browsers only. On a phone's own app the blog's page does it. */
export const CAN_PICK = false;

export async function pickPicture(): Promise<Blob | null> {
  return null;
}
