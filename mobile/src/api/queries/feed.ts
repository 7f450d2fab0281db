import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';

import { KEPT, WEEK_MS } from '@/state/offline';

import { answerOf, api, type Schema } from '../client';
import { byCursor } from './cache';

export type FeedKind = 'latest' | 'following' | 'for-you';
export type FeedItem = Schema['FeedItemView'];

export const feedOptions = (kind: FeedKind) =>
  infiniteQueryOptions({
    queryKey: ['feed', kind] as const,
    queryFn: ({ pageParam, signal }) =>
      answerOf(api.GET('/api/v1/feed', { params: { query: { kind, cursor: pageParam } }, signal })),
    ...byCursor,
    // The order never changes under the finger: new posts come by the pill or by pulling, never by themselves.
    staleTime: Infinity,
    gcTime: WEEK_MS,
    meta: KEPT,
  });

/** How many posts came since the feed's `head`. */
export const feedSinceOptions = (head: string | null | undefined) =>
  queryOptions({
    queryKey: ['feed-since', head] as const,
    queryFn: ({ signal }) => answerOf(api.GET('/api/v1/feed/since', { params: { query: { head: head ?? '' } }, signal })),
    enabled: typeof head === 'string',
    refetchInterval: 120_000,
    refetchOnWindowFocus: true,
    retry: false,
  });
