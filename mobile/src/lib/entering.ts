/** Going on where one was, once one is signed in. */
import { router } from 'expo-router';

import { safeNext } from './deepLinks';

/** To where the sign-in was asked for (back to it, where it lies below); else back; else to one's own page. */
export function goOn(next: unknown): void {
  const wanted = safeNext(next);
  if (wanted !== null) router.dismissTo(wanted as '/');
  else if (router.canGoBack()) router.back();
  else router.replace('/you');
}
