/** Posts that somebody keeps on this device: whole, with their covers, for as long as they like. */
import AsyncStorage from '@react-native-async-storage/async-storage';
import { useEffect } from 'react';

import type { Schema } from '@/api/client';
import { addressOf } from '@/api/client';
import { asTrouble } from '@/api/trouble';
import { dropCover, keepCover } from '@/lib/covers';

import { getSession, identityOf, onFarewell, useSession } from './session';
import { makeStore } from './store';

type Post = Schema['PostView'];

const nameOf = (identity: string): string => `blogen.kept.${identity}.`;
const store = makeStore<{ identity: string; slugs: readonly string[] } | null>(null);

/** The slugs of what is kept, the last one first; null until it is read. */
export function useKept(): readonly string[] | null {
  const identity = identityOf(useSession());
  const held = store.use();
  useEffect(() => {
    void load(identity);
  }, [identity]);
  return held?.identity === identity ? held.slugs : null;
}

/** Keep a post. Throws if the device has no room; a cover that cannot be had is no reason to keep nothing. */
export async function keepPost(post: Post): Promise<void> {
  const identity = identityOf(getSession());
  await AsyncStorage.setItem(nameOf(identity) + post.slug, JSON.stringify(post));
  await load(identity);
  for (const address of picturesOf(post)) await keepCover(address).catch(() => {});
}

export async function dropPost(slug: string): Promise<void> {
  const identity = identityOf(getSession());
  const post = await keptPost(slug);
  await AsyncStorage.removeItem(nameOf(identity) + slug);
  await load(identity);
  if (post !== null) for (const address of picturesOf(post)) await dropCover(address).catch(() => {});
}

export async function keptPost(slug: string): Promise<Post | null> {
  return readPost(await AsyncStorage.getItem(nameOf(identityOf(getSession())) + slug).catch(() => null));
}

export async function keptPosts(slugs: readonly string[]): Promise<Post[]> {
  return (await Promise.all(slugs.map(keptPost))).filter((post) => post !== null);
}

/** The kept post in place of an answer that cannot be had now. Throws `failure` where there is none, or the post is gone. */
export async function keptInstead(slug: string, failure: unknown): Promise<Post> {
  const post = asTrouble(failure).passes ? await keptPost(slug) : null;
  if (post === null) throw failure;
  return post;
}

/** Those that expo-image may choose for this device. */
function picturesOf({ cover }: Post): string[] {
  if (cover === null) return [];
  const variants = cover.srcset.split(',').map((part) => part.trim().split(/\s+/)[0] ?? '');
  return [...new Set([cover.url, ...variants])].filter((address) => address !== '').map(addressOf);
}

async function load(identity: string): Promise<void> {
  const name = nameOf(identity);
  const keys = await AsyncStorage.getAllKeys().catch(() => []);
  const found = keys.filter((key) => key.startsWith(name)).map((key) => key.slice(name.length));
  const before = store.get()?.identity === identity ? (store.get()?.slugs ?? []) : [];
  const fresh = found.filter((slug) => !before.includes(slug));
  store.set({ identity, slugs: [...fresh, ...before.filter((slug) => found.includes(slug))] });
}

function readPost(stored: string | null): Post | null {
  try {
    const found = JSON.parse(stored ?? 'null') as Post | null;
    return typeof found?.slug === 'string' && Array.isArray(found.blocks) ? found : null;
  } catch {
    return null;
  }
}

onFarewell(async (identity) => {
  const theirs = (await AsyncStorage.getAllKeys()).filter((key) => key.startsWith(nameOf(identity)));
  await AsyncStorage.multiRemove(theirs);
  store.set(null);
});
