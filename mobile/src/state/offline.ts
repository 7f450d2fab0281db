/**
 * What can be read without a network: answers of queries marked `meta: KEPT`. They are stored under the identity of whoever
 * is signed in, so no one sees what another has loaded, and signing out removes them.
 */
import AsyncStorage from '@react-native-async-storage/async-storage';
import { createAsyncStoragePersister } from '@tanstack/query-async-storage-persister';
import { onlineManager, QueryClient } from '@tanstack/react-query';
import type { PersistQueryClientOptions } from '@tanstack/react-query-persist-client';
import { useSyncExternalStore } from 'react';

import { asTrouble } from '@/api/trouble';
import { watchNet } from '@/lib/net';

import { getSession, identityOf, onFarewell } from './session';

/** `meta` of a query whose answer is readable offline. */
export const KEPT = { kept: true } as const;
export const WEEK_MS = 7 * 24 * 3600 * 1000;

/** Raise it when what is stored would not be understood any more. */
export const SHAPE = '1';
const nameOf = (identity: string): string => `blogen.cache.${identity}`;

export function makeQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 60_000,
        // A request that could not be made shows its trouble, not an endless wait.
        networkMode: 'always',
        retry: (count, failure) => count < 2 && ['timeout', 'broken-answer', 'busy'].includes(asTrouble(failure).kind),
        refetchOnWindowFocus: false,
      },
      mutations: { networkMode: 'always', retry: false },
    },
  });
}

export function persistOptions(identity: string): Omit<PersistQueryClientOptions, 'queryClient'> {
  // The last write comes late: after a sign-out it would put back what was wiped.
  const setItem = async (name: string, cache: string): Promise<void> => {
    if (identityOf(getSession()) === identity) await AsyncStorage.setItem(name, cache);
  };
  const storage = { getItem: (name: string) => AsyncStorage.getItem(name), removeItem: (name: string) => AsyncStorage.removeItem(name), setItem };
  return {
    persister: createAsyncStoragePersister({ storage, key: nameOf(identity), throttleTime: 1000 }),
    maxAge: WEEK_MS,
    buster: SHAPE,
    dehydrateOptions: {
      // Not only what succeeded last: asked again without a network it has failed, and its answer is still there.
      shouldDehydrateQuery: (query) => query.meta?.kept === true && query.state.data !== undefined,
      shouldDehydrateMutation: () => false, // the outbox has them
    },
  };
}

/** Returns how to stop. */
export function startOffline(): () => void {
  const stops = [
    onFarewell((identity) => AsyncStorage.removeItem(nameOf(identity))),
    watchNet((isConnected) => onlineManager.setOnline(isConnected !== false)),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

export function useIsOnline(): boolean {
  return useSyncExternalStore(
    (heard) => onlineManager.subscribe(heard),
    () => onlineManager.isOnline(),
    () => true,
  );
}
