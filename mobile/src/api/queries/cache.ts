/** Changing what is in the cache before the server has answered, and taking it back. */
import type { InfiniteData, QueryClient, QueryKey } from '@tanstack/react-query';

import type { Schema } from '../client';

/** What all the shapes of a post in lists have in common. */
export type PostCardItem = Pick<
  Schema['PostItemView'],
  'slug' | 'url' | 'title' | 'summary' | 'language' | 'reading_minutes' | 'author' | 'tags' | 'cover' | 'provenance' | 'counts' | 'viewer' | 'published_at'
>;
type Marks = Pick<Schema['PostItemView'], 'slug' | 'counts' | 'viewer'>;
export type Undo = () => void;

const LISTS = ['feed', 'posts', 'search', 'bookmarks', 'history'];
const NO_MARKS: Schema['ViewerView'] = { liked: false, bookmarked: false, progress: 0 };

/** Apply `change` to the post wherever it is shown. */
export function changePost(client: QueryClient, slug: string, change: (post: Marks) => Partial<Marks>): Undo {
  const predicate = ({ queryKey }: { queryKey: QueryKey }): boolean =>
    LISTS.includes(String(queryKey[0])) || (queryKey[0] === 'post' && queryKey[1] === slug && queryKey.length === 2);
  const before = client.getQueriesData<unknown>({ predicate });
  client.setQueriesData<unknown>({ predicate }, (found: unknown) => walk(found, slug, change));
  return () => {
    for (const [key, found] of before) client.setQueryData(key, found);
  };
}

export function withViewer(post: Marks, change: Partial<Schema['ViewerView']>): Schema['ViewerView'] {
  return { ...(post.viewer ?? NO_MARKS), ...change };
}

/** All items of the pages that are loaded. */
export function itemsOf<T>(pages: InfiniteData<{ items: T[] }, unknown> | undefined): T[] {
  return pages?.pages.flatMap((page) => page.items) ?? [];
}

/** The part of infinite queries that all lists of the API share. */
export const byCursor = {
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (page: { next?: string | null }) => page.next ?? undefined,
};

/** A post that is no more leaves every list. */
export function forgetPost(client: QueryClient, slug: string): void {
  const without = (found: unknown): unknown => {
    if (typeof found !== 'object' || found === null) return found;
    if ('pages' in found && Array.isArray(found.pages)) return { ...found, pages: found.pages.map(without) };
    if (!('items' in found) || !Array.isArray(found.items)) return found;
    return { ...found, items: found.items.filter((item: { slug?: unknown }) => item.slug !== slug) };
  };
  client.setQueriesData<unknown>({ predicate: ({ queryKey }) => LISTS.includes(String(queryKey[0])) }, without);
}

function walk(found: unknown, slug: string, change: (post: Marks) => Partial<Marks>): unknown {
  if (Array.isArray(found)) return found.map((one) => walk(one, slug, change));
  if (typeof found !== 'object' || found === null) return found;
  if ('pages' in found) return { ...found, pages: walk(found.pages, slug, change) };
  if ('items' in found) return { ...found, items: walk(found.items, slug, change) };
  if (!('slug' in found) || found.slug !== slug || !('counts' in found)) return found;
  return { ...found, ...change(found as Marks) };
}
