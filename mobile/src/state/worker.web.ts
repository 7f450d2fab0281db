/** The service worker: what it keeps makes the app start without a network. Its own code is in `worker/`. */
import { makeStore } from './store';

const SCRIPT = '/app/sw.js';
const SCOPE = '/app/';
const HOUR_MS = 3600_000;
const LATEST_MS = 10_000;

/** Whether a newer version of the app waits to be taken. */
export const newVersion = makeStore(false);

let waiting: ServiceWorker | null = null;

/** Register it where a browser allows that: over https, or on one's own machine. `open` is called when a notification is pressed. */
export function startWorker(open: (path: string) => void): () => void {
  if (__DEV__ || !('serviceWorker' in navigator) || !window.isSecureContext) return () => {};
  const { serviceWorker } = navigator;
  let asking: ReturnType<typeof setInterval> | undefined;
  const heard = (event: MessageEvent<{ t?: string; path?: string } | null>): void => {
    if (event.data?.t === 'open' && typeof event.data.path === 'string') open(event.data.path);
  };
  serviceWorker.addEventListener('message', heard);
  const start = async (): Promise<void> => {
    const registration = await serviceWorker.register(SCRIPT, { scope: SCOPE, updateViaCache: 'none' });
    // This page came from the worker that is active: to let another take over would remove the files it still may need.
    const offer = (found: ServiceWorker | null): void => {
      if (found?.state !== 'installed' || serviceWorker.controller === null) return;
      waiting = found;
      newVersion.set(true);
    };
    offer(registration.waiting);
    registration.addEventListener('updatefound', () => {
      const found = registration.installing;
      found?.addEventListener('statechange', () => offer(found));
    });
    asking = setInterval(() => void registration.update().catch(() => {}), HOUR_MS);
  };
  // The worker fetches what it keeps: not before the first screen has what it needs.
  const register = (): void => void start().catch(() => {}); // without it the app works, online
  const later = (): void => {
    if ('requestIdleCallback' in window) window.requestIdleCallback(register, { timeout: LATEST_MS });
    else register();
  };
  if (document.readyState === 'complete') later();
  else window.addEventListener('load', later, { once: true });
  return () => {
    clearInterval(asking);
    serviceWorker.removeEventListener('message', heard);
  };
}

/** Load the newer version. Only when the person asks for it: nothing reloads under a reader. */
export function takeNewVersion(): void {
  navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
  waiting?.postMessage({ t: 'take-over' });
}

/** Remove the pictures that the worker keeps; the app itself stays. */
export async function wipeWorker(): Promise<void> {
  const worker = 'serviceWorker' in navigator ? navigator.serviceWorker.controller : null;
  if (worker !== null) {
    const channel = new MessageChannel();
    const done = new Promise<void>((resolve) => {
      channel.port1.onmessage = () => resolve();
    });
    worker.postMessage({ t: 'wipe' }, [channel.port2]);
    await done;
  } else if (typeof caches !== 'undefined') {
    await caches.delete('blogen-pictures');
  }
}
