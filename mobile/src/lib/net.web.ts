/** Whether the browser has a network. */

/** Told at once, and whenever it changes. Returns how to stop. */
export function watchNet(heard: (isConnected: boolean | null) => void): () => void {
  const tell = (): void => heard(navigator.onLine);
  window.addEventListener('online', tell);
  window.addEventListener('offline', tell);
  tell();
  return () => {
    window.removeEventListener('online', tell);
    window.removeEventListener('offline', tell);
  };
}
