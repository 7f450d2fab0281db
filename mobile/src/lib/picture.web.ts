/** Choosing a picture with the browser's own dialogue. */
export const CAN_PICK = true;

/** Null: the person closed it. */
export function pickPicture(): Promise<Blob | null> {
  const input = document.createElement('input');
  input.type = 'file';
  input.accept = 'image/*';
  return new Promise((resolve) => {
    input.addEventListener('change', () => resolve(input.files?.[0] ?? null));
    input.addEventListener('cancel', () => resolve(null));
    input.click();
  });
}
