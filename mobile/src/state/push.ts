/** Web Push is of browsers (`push.web.ts`). A native app has none: that would need accounts with Apple and Google. */
import type { PushState } from '@/lib/push';

export async function pushState(): Promise<PushState> {
  return 'native';
}

/** Ask the person and subscribe: call it on a press only. Null: they did not allow it. */
export async function subscribePush(_key: string): Promise<PushSubscriptionJSON | null> {
  return null;
}

/** End this browser's subscription; its endpoint, for the blog to forget. */
export async function unsubscribePush(): Promise<string | null> {
  return null;
}
