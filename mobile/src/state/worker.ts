/** Native apps have no service worker: see `worker.web.ts`. */
import { makeStore } from './store';

/** Whether a newer version of the app waits to be taken. */
export const newVersion = makeStore(false);

export function startWorker(_open: (path: string) => void): () => void {
  return () => {};
}

export async function wipeWorker(): Promise<void> {}

export function takeNewVersion(): void {}
