/** What was looked for last, on this device, by whoever is signed in. */
import AsyncStorage from '@react-native-async-storage/async-storage';
import { useEffect } from 'react';

import { getSession, identityOf, onFarewell, useSession } from './session';
import { makeStore } from './store';

const MOST = 8;
const nameOf = (identity: string): string => `blogen.searches.${identity}`;
const store = makeStore<{ identity: string; searches: readonly string[] }>({ identity: '', searches: [] });

export function useSearches(): readonly string[] {
  const identity = identityOf(useSession());
  const held = store.use();
  useEffect(() => {
    void AsyncStorage.getItem(nameOf(identity))
      .catch(() => null)
      .then((stored) => store.set({ identity, searches: readSearches(stored) }));
  }, [identity]);
  return held.identity === identity ? held.searches : [];
}

/** The latest stands first, and once. */
export function keepSearch(words: string): void {
  const wanted = words.trim().replace(/\s+/g, ' ');
  if (wanted === '') return;
  const others = store.get().searches.filter((one) => one.toLowerCase() !== wanted.toLowerCase());
  write([wanted, ...others].slice(0, MOST));
}

export function forgetSearches(): void {
  write([]);
}

function write(searches: readonly string[]): void {
  const identity = identityOf(getSession());
  store.set({ identity, searches });
  AsyncStorage.setItem(nameOf(identity), JSON.stringify(searches)).catch(() => {}); // they are a comfort, no more
}

function readSearches(stored: string | null): string[] {
  try {
    const found: unknown = JSON.parse(stored ?? '[]');
    return Array.isArray(found) ? found.filter((one) => typeof one === 'string').slice(0, MOST) : [];
  } catch {
    return [];
  }
}

onFarewell((identity) => AsyncStorage.removeItem(nameOf(identity)));
