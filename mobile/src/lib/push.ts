/** Whether the blog may send notifications to this browser, and if not, why. */
export type PushState =
  | 'checking'
  | 'native' // an app of a store, not a browser
  | 'insecure' // http: browsers allow it over https alone
  | 'home-screen' // iOS: only once the app stands on the home screen
  | 'unsupported'
  | 'denied'
  | 'off'
  | 'on';

export interface PushChances {
  isSecure: boolean;
  hasWorker: boolean;
  hasPush: boolean;
  isIos: boolean;
  isInstalled: boolean;
  permission: 'default' | 'granted' | 'denied';
  isSubscribed: boolean;
}

export function pushStateOf(chances: PushChances): PushState {
  if (!chances.isSecure) return 'insecure';
  if (chances.isIos && !chances.isInstalled) return 'home-screen';
  if (!chances.hasWorker || !chances.hasPush) return 'unsupported';
  if (chances.permission === 'denied') return 'denied';
  return chances.permission === 'granted' && chances.isSubscribed ? 'on' : 'off';
}
