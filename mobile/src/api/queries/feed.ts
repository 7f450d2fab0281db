import { infiniteQueryOptions, queryOptions, type InfiniteData, type QueryClient } from '@tanstack/react-query';

import { takeFirstPage } from '@/state/first';
import { KEPT, WEEK_MS } from '@/state/offline';

import { answerOf, api, type Schema } from '../client';

export type FeedKind = 'latest' | 'following' | 'for-you';
export type FeedItem = Schema['FeedItemView'];
export type FeedPage = Schema['FeedView'];

/** The cursors that lead to a page: those of the pages before it, then its own. With them one can go back as well. */
export interface FeedWay {
  cursors: readonly string[];
  /** Of the first page, for `feedSinceOptions`; that page itself may have been let go. */
  head: string | null;
}

/** More pages than these are not held: the ones farthest away are let go, and asked for again on the way back. */
export const MOST_PAGES = 10;
const START: FeedWay = { cursors: [], head: null };

export const feedOptions = (kind: FeedKind) =>
  infiniteQueryOptions({
    queryKey: ['feed', kind] as const,
    queryFn: async ({ pageParam, signal }) => {
      const cursor = pageParam.cursors.at(-1);
      const asked = cursor === undefined ? await takeFirstPage(kind) : null;
      return asked ?? askPage(kind, cursor, signal); // which also says what is wrong, if something is
    },
    initialPageParam: START,
    getNextPageParam: (page: FeedPage, _pages, way: FeedWay): FeedWay | undefined =>
      page.next === null ? undefined : { cursors: [...way.cursors, page.next], head: page.head ?? way.head },
    getPreviousPageParam: (_page, _pages, way: FeedWay): FeedWay | undefined =>
      way.cursors.length === 0 ? undefined : { ...way, cursors: way.cursors.slice(0, -1) },
    maxPages: MOST_PAGES,
    // The order never changes under the finger: new posts come by the pill or by pulling, never by themselves.
    staleTime: Infinity,
    gcTime: WEEK_MS,
    meta: KEPT,
  });

/** Begin the feed anew. Until its first page is there (and if it never comes) the one that is shown stays. */
export async function renewFeed(client: QueryClient, kind: FeedKind): Promise<void> {
  const { queryKey } = feedOptions(kind);
  await client.cancelQueries({ queryKey });
  const first = await askPage(kind, undefined);
  client.setQueryData(queryKey, { pages: [first], pageParams: [START] });
}

/** Where the newest post stood when this feed was begun. */
export function headOf(feed: InfiniteData<FeedPage, unknown> | undefined): string | null {
  return feed?.pages[0]?.head ?? (feed?.pageParams[0] as FeedWay | undefined)?.head ?? null;
}

/** How many posts came since the feed's `head`. Asked when somebody looks, never by a timer. */
export const feedSinceOptions = (head: string | null) =>
  queryOptions({
    queryKey: ['feed-since', head] as const,
    queryFn: ({ signal }) => answerOf(api.GET('/api/v1/feed/since', { params: { query: { head: head ?? '' } }, signal })),
    enabled: head !== null,
    staleTime: 0,
    retry: false,
  });

function askPage(kind: FeedKind, cursor: string | undefined, signal?: AbortSignal): Promise<FeedPage> {
  return answerOf(api.GET('/api/v1/feed', { params: { query: { kind, cursor } }, ...(signal && { signal }) }));
}
