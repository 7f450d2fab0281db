import { pushStateOf, type PushChances } from '@/lib/push';

const best: PushChances = { isSecure: true, hasWorker: true, hasPush: true, isIos: false, isInstalled: false, permission: 'default', isSubscribed: false };

test.each<[string, Partial<PushChances>]>([
  ['off', {}],
  ['on', { permission: 'granted', isSubscribed: true }],
  ['off', { permission: 'granted' }],
  ['denied', { permission: 'denied', isSubscribed: true }],
  ['insecure', { isSecure: false, hasWorker: false, hasPush: false }],
  ['unsupported', { hasPush: false }],
  ['unsupported', { hasWorker: false }],
  ['home-screen', { isIos: true, hasPush: false }],
  ['off', { isIos: true, isInstalled: true }],
])('%s: %j', (state, chances) => {
  expect(pushStateOf({ ...best, ...chances })).toBe(state);
});
