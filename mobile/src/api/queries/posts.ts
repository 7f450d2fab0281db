import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';

import { newKey } from '@/lib/ids';
import { keptInstead } from '@/state/kept';
import { KEPT, WEEK_MS } from '@/state/offline';

import { answerOf, api, wholeAnswerOf, type Schema } from '../client';
import { byCursor } from './cache';

export type Post = Schema['PostView'];
export type Block = Post['blocks'][number];
export type Run = Schema['Run'];
export type PostItem = Schema['PostItemView'];

export const postsOptions = (where: { tag?: string; author?: string }) =>
  infiniteQueryOptions({
    queryKey: ['posts', where] as const,
    queryFn: ({ pageParam, signal }) =>
      answerOf(api.GET('/api/v1/posts', { params: { query: { ...where, cursor: pageParam } }, signal })),
    ...byCursor,
    meta: KEPT,
  });

export const postOptions = (slug: string) =>
  queryOptions({
    queryKey: ['post', slug] as const,
    queryFn: ({ signal }) =>
      answerOf(api.GET('/api/v1/posts/{slug}', { params: { path: { slug } }, signal })).catch((failure: unknown) => {
        if (signal.aborted) throw failure;
        return keptInstead(slug, failure);
      }),
    gcTime: WEEK_MS,
    meta: KEPT,
  });

export const receiptOptions = (slug: string) =>
  queryOptions({
    queryKey: ['post', slug, 'receipt'] as const,
    queryFn: ({ signal }) => answerOf(api.GET('/api/v1/posts/{slug}/receipt', { params: { path: { slug } }, signal })),
    staleTime: Infinity,
    meta: KEPT,
  });

export const correctionsOptions = (slug: string) =>
  infiniteQueryOptions({
    queryKey: ['post', slug, 'corrections'] as const,
    queryFn: ({ pageParam, signal }) =>
      answerOf(api.GET('/api/v1/posts/{slug}/corrections', { params: { path: { slug }, query: { cursor: pageParam } }, signal })),
    ...byCursor,
    meta: KEPT,
  });

export const searchOptions = (q: string) =>
  queryOptions({
    queryKey: ['search', q] as const,
    queryFn: ({ signal }) => answerOf(api.GET('/api/v1/search', { params: { query: { q } }, signal })),
    enabled: q.trim() !== '',
  });

export const tagsOptions = (followed = false) =>
  infiniteQueryOptions({
    queryKey: ['tags', { followed }] as const,
    queryFn: ({ pageParam, signal }) =>
      answerOf(api.GET('/api/v1/tags', { params: { query: { followed, cursor: pageParam, limit: 100 } }, signal })),
    ...byCursor,
    meta: KEPT,
  });

export const authorsOptions = (followed = false) =>
  infiniteQueryOptions({
    queryKey: ['authors', { followed }] as const,
    queryFn: ({ pageParam, signal }) =>
      answerOf(api.GET('/api/v1/authors', { params: { query: { followed, cursor: pageParam } }, signal })),
    ...byCursor,
    meta: KEPT,
  });

export const authorOptions = (handle: string) =>
  queryOptions({
    queryKey: ['author', handle] as const,
    queryFn: ({ signal }) => answerOf(api.GET('/api/v1/authors/{handle}', { params: { path: { handle } }, signal })),
    meta: KEPT,
  });

/** The ETag that a change of the post is made against (`If-Match`). */
export const postForChange = (slug: string): Promise<{ data: Post; etag: string | null }> =>
  wholeAnswerOf(api.GET('/api/v1/posts/{slug}', { params: { path: { slug } } }));

export function useChangePost(slug: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ change, etag }: { change: Schema['PostChange']; etag: string | null }) =>
      answerOf(api.PATCH('/api/v1/posts/{slug}', { params: { path: { slug }, header: { 'If-Match': etag ?? '*' } }, body: change })),
    onSuccess: (post) => {
      client.setQueryData(postOptions(slug).queryKey, post);
      void client.invalidateQueries({ queryKey: ['posts'] });
    },
  });
}

export function useDeletePost() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (slug: string) => answerOf(api.DELETE('/api/v1/posts/{slug}', { params: { path: { slug } } })),
    onSuccess: (_, slug) => {
      client.removeQueries({ queryKey: ['post', slug] });
      for (const list of ['feed', 'posts', 'bookmarks', 'history']) void client.invalidateQueries({ queryKey: [list] });
    },
  });
}

export function useReportPost(slug: string) {
  return useMutation({
    mutationFn: (body: Schema['PostReportRequest']) =>
      answerOf(api.POST('/api/v1/posts/{slug}/reports', { params: { path: { slug }, header: { 'Idempotency-Key': newKey() } }, body })),
  });
}

export function useAddCorrection(slug: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: Schema['CorrectionRequest']) =>
      answerOf(api.POST('/api/v1/posts/{slug}/corrections', { params: { path: { slug }, header: { 'Idempotency-Key': newKey() } }, body })),
    onSuccess: () => client.invalidateQueries({ queryKey: correctionsOptions(slug).queryKey }),
  });
}
