/** What signing out removes: everything on this device that belongs to the person. How they read and which blog it is stay. */
import AsyncStorage from '@react-native-async-storage/async-storage';
import { Image } from 'expo-image';

import { unsubscribePush } from './push';
import { onFarewell } from './session';
import { wipeWorker } from './worker';

const STAYS: ReadonlySet<string> = new Set(['blogen.prefs', 'blogen.session']);
const OF_SOMEBODY = /^blogen\.(cache|outbox)\.(.+)$/;

/** Of the names in the device's storage, those that go with `identity`: what others left offline is theirs. */
export function namesOf(identity: string, stored: readonly string[]): string[] {
  return stored.filter((name) => {
    if (!name.startsWith('blogen.') || STAYS.has(name)) return false;
    const owner = OF_SOMEBODY.exec(name)?.[2];
    return owner === undefined || owner === identity;
  });
}

/** Remove the pictures and answers that are kept to be read offline. */
export async function clearOfflineCopies(identity: string): Promise<void> {
  await AsyncStorage.removeItem(`blogen.cache.${identity}`);
  await Promise.all([clearPictures(), wipeWorker()]);
}

/** Returns how to stop. */
export function startFarewell(): () => void {
  return onFarewell(async (identity) => {
    await AsyncStorage.multiRemove(namesOf(identity, await AsyncStorage.getAllKeys()));
    // None of them must keep the others from being done.
    await Promise.allSettled([unsubscribePush(), wipeWorker(), clearPictures()]);
  });
}

/** How much is kept: of pictures and the app by the browser's estimate, else only the answers. */
export async function keptBytes(): Promise<number> {
  const estimate = await (globalThis.navigator as Navigator | undefined)?.storage?.estimate?.().catch(() => null);
  if (typeof estimate?.usage === 'number') return estimate.usage;
  const names = (await AsyncStorage.getAllKeys()).filter((name) => name.startsWith('blogen.cache.'));
  const stored = await AsyncStorage.multiGet(names);
  return stored.reduce((bytes, [, text]) => bytes + (text?.length ?? 0), 0);
}

async function clearPictures(): Promise<void> {
  await Promise.allSettled([Image.clearMemoryCache(), Image.clearDiskCache()]);
}
