/** Where the person was: in each feed, and in each post. Read at once, without waiting, so that a list can open there. */
import AsyncStorage from '@react-native-async-storage/async-storage';

import { onFarewell } from './session';

export interface FeedPlace {
  /** The slug of the topmost post on the screen. */
  post: string;
  /** How many points of it are above the screen's upper edge. */
  dy: number;
}

export interface PostPlace {
  block: string;
  /** How much of the block lies above the edge (negative: all of it is below); only this device knows. */
  into?: number;
  fraction: number;
  at: string;
}

interface Places {
  feeds: Record<string, FeedPlace>;
  posts: Record<string, PostPlace>;
  /** The feed that was looked at last. */
  chosen: string | null;
}

const KEY = 'blogen.places';
const MOST_POSTS = 300;
const LATER_MS = 400;
const nowhere = (): Places => ({ feeds: {}, posts: {}, chosen: null });
let places = nowhere();
let timer: ReturnType<typeof setTimeout> | null = null;

export async function loadPlaces(): Promise<void> {
  try {
    const found = JSON.parse((await AsyncStorage.getItem(KEY)) ?? '{}') as Partial<Places> | null;
    places = { feeds: found?.feeds ?? {}, posts: found?.posts ?? {}, chosen: found?.chosen ?? null };
  } catch {
    places = nowhere();
  }
  onFarewell(forgetPlaces);
}

export function feedPlace(feed: string): FeedPlace | null {
  return places.feeds[feed] ?? null;
}

export function keepFeedPlace(feed: string, place: FeedPlace | null): void {
  if (place === null) delete places.feeds[feed];
  else places.feeds[feed] = place;
  writeLater();
}

export function chosenFeed(): string | null {
  return places.chosen;
}

export function chooseFeed(feed: string): void {
  places.chosen = feed;
  writeLater();
}

export function postPlace(slug: string): PostPlace | null {
  return places.posts[slug] ?? null;
}

/** The latest posts stay: keys of an object keep the order in which they came. */
export function keepPostPlace(slug: string, place: PostPlace): void {
  delete places.posts[slug];
  places.posts[slug] = place;
  for (const old of Object.keys(places.posts).slice(0, -MOST_POSTS)) delete places.posts[old];
  writeLater();
}

export async function forgetPlaces(): Promise<void> {
  places = nowhere();
  await writePlaces();
}

/** Call it when the app goes to the background: a timer may not run again. */
export async function writePlaces(): Promise<void> {
  if (timer !== null) clearTimeout(timer);
  timer = null;
  await AsyncStorage.setItem(KEY, JSON.stringify(places));
}

function writeLater(): void {
  timer ??= setTimeout(() => void writePlaces(), LATER_MS);
}
