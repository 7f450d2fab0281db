/** Liking, keeping, following, places in posts. All go through the outbox: shown at once, sent when the blog answers. */
import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient, type QueryClient } from '@tanstack/react-query';

import { KEPT } from '@/state/offline';
import { outbox } from '@/state/outbox';

import { answerOf, api, type Schema } from '../client';
import { byCursor, changePost, withViewer } from './cache';

type PostStanding = Schema['PostStandingView'];

export function useLike(slug: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (on: boolean) => outbox.perform({ t: 'like', slug, on }),
    onMutate: (on) =>
      changePost(client, slug, (post) => {
        const was = post.viewer?.liked ?? false;
        const likes = Math.max(0, post.counts.likes + Number(on) - Number(was));
        return { counts: { ...post.counts, likes }, viewer: withViewer(post, { liked: on }) };
      }),
    onError: (_failure, _on, undo) => undo?.(),
    onSuccess: (standing) => takeStanding(client, slug, standing),
  });
}

export function useBookmark(slug: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ on, list = null }: { on: boolean; list?: string | null }) =>
      outbox.perform({ t: 'bookmark', slug, on, list }),
    onMutate: ({ on }) => changePost(client, slug, (post) => ({ viewer: withViewer(post, { bookmarked: on }) })),
    onError: (_failure, _how, undo) => undo?.(),
    onSuccess: (standing) => {
      takeStanding(client, slug, standing);
      void client.invalidateQueries({ queryKey: ['bookmarks'] });
    },
  });
}

/** Tell the blog where one is in a post. Of several that wait, the last is sent. */
export function useProgress(slug: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (place: { block: string; fraction: number }) =>
      outbox.perform({ t: 'progress', slug, at: new Date().toISOString(), ...place }),
    onMutate: ({ fraction }) => changePost(client, slug, (post) => ({ viewer: withViewer(post, { progress: fraction }) })),
    onError: (_failure, _place, undo) => undo?.(),
  });
}

export function useFollow(of: 'author' | 'tag', name: string) {
  const client = useQueryClient();
  const root = of === 'author' ? 'authors' : 'tags';
  return useMutation({
    mutationFn: (on: boolean) => outbox.perform({ t: 'follow', of, name, on }),
    onMutate: (on) => changeFollowing(client, of, name, on),
    onError: (_failure, _on, undo) => undo?.(),
    onSuccess: (answer) => {
      if (answer === null) return;
      for (const key of [root, of, 'follows']) void client.invalidateQueries({ queryKey: [key] });
    },
  });
}

/** Where one is in a post as the blog knows it (perhaps from another device). */
export const placeOptions = (slug: string) =>
  queryOptions({
    queryKey: ['post', slug, 'place'] as const,
    queryFn: ({ signal }) => answerOf(api.GET('/api/v1/posts/{slug}/progress', { params: { path: { slug } }, signal })),
    staleTime: 0,
  });

export const bookmarksOptions = (list?: string) =>
  infiniteQueryOptions({
    queryKey: ['bookmarks', list ?? null] as const,
    queryFn: ({ pageParam, signal }) =>
      answerOf(api.GET('/api/v1/me/bookmarks', { params: { query: { list, cursor: pageParam } }, signal })),
    ...byCursor,
    meta: KEPT,
  });

export const historyOptions = () =>
  infiniteQueryOptions({
    queryKey: ['history'] as const,
    queryFn: ({ pageParam, signal }) =>
      answerOf(api.GET('/api/v1/me/history', { params: { query: { cursor: pageParam } }, signal })),
    ...byCursor,
    meta: KEPT,
  });

export function useForgetPlace() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (slug: string) => answerOf(api.DELETE('/api/v1/posts/{slug}/progress', { params: { path: { slug } } })),
    onSuccess: () => client.invalidateQueries({ queryKey: ['history'] }),
  });
}

export const followsOptions = (kind?: 'author' | 'tag') =>
  infiniteQueryOptions({
    queryKey: ['follows', kind ?? null] as const,
    queryFn: ({ pageParam, signal }) =>
      answerOf(api.GET('/api/v1/me/follows', { params: { query: { kind, cursor: pageParam } }, signal })),
    ...byCursor,
    meta: KEPT,
  });

function takeStanding(client: QueryClient, slug: string, standing: unknown): void {
  if (standing === null) return; // it waits in the outbox, and is shown as if it were done
  const { counts, viewer } = standing as PostStanding;
  changePost(client, slug, () => ({ counts, viewer }));
}

type Followed = { followers: number; viewer: Schema['FollowingView'] | null };

function changeFollowing(client: QueryClient, of: 'author' | 'tag', name: string, on: boolean): () => void {
  const key = of === 'author' ? 'handle' : 'tag';
  const filter = { predicate: ({ queryKey }: { queryKey: readonly unknown[] }) => queryKey[0] === of || queryKey[0] === `${of}s` };
  const before = client.getQueriesData<unknown>(filter);
  const walk = (found: unknown): unknown => {
    if (Array.isArray(found)) return found.map(walk);
    if (typeof found !== 'object' || found === null) return found;
    if ('pages' in found) return { ...found, pages: walk(found.pages) };
    if ('items' in found) return { ...found, items: walk(found.items) };
    if ((found as Record<string, unknown>)[key] !== name || !('followers' in found)) return found;
    const { followers, viewer } = found as Followed;
    const change = Number(on) - Number(viewer?.following ?? false);
    return { ...found, followers: Math.max(0, followers + change), viewer: { following: on } };
  };
  client.setQueriesData<unknown>(filter, walk);
  return () => {
    for (const [queryKey, found] of before) client.setQueryData(queryKey, found);
  };
}
