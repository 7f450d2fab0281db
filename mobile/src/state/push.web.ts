/** Web Push: what this browser allows, and its subscription. */
import { pushStateOf, type PushState } from '@/lib/push';

import { keyBytes } from '../../worker/rules';

export async function pushState(): Promise<PushState> {
  const hasWorker = 'serviceWorker' in navigator;
  const hasPush = 'PushManager' in window && 'Notification' in window;
  return pushStateOf({
    isSecure: window.isSecureContext,
    hasWorker,
    hasPush,
    isIos: /iPhone|iPad|iPod/.test(navigator.userAgent) || (/Macintosh/.test(navigator.userAgent) && navigator.maxTouchPoints > 1),
    isInstalled: window.matchMedia('(display-mode: standalone)').matches,
    permission: hasPush ? Notification.permission : 'default',
    isSubscribed: (await subscription()) !== null,
  });
}

/** Ask the person and subscribe: call it on a press only. Null: they did not allow it. */
export async function subscribePush(key: string): Promise<PushSubscriptionJSON | null> {
  if ((await Notification.requestPermission()) !== 'granted') return null;
  const registration = await navigator.serviceWorker.ready;
  const found = await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: keyBytes(key) });
  return found.toJSON();
}

/** End this browser's subscription; its endpoint, for the blog to forget. */
export async function unsubscribePush(): Promise<string | null> {
  const found = await subscription();
  await found?.unsubscribe();
  return found?.endpoint ?? null;
}

async function subscription(): Promise<PushSubscription | null> {
  if (!('serviceWorker' in navigator)) return null;
  const registration = await navigator.serviceWorker.getRegistration('/app/');
  return (await registration?.pushManager?.getSubscription()) ?? null;
}
