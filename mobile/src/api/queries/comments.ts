import { infiniteQueryOptions, useMutation, useQueryClient } from '@tanstack/react-query';

import { newKey } from '@/lib/ids';
import { KEPT } from '@/state/offline';
import { outbox } from '@/state/outbox';

import { answerOf, api, wholeAnswerOf, type Schema } from '../client';
import { byCursor, changePost } from './cache';

export type Comment = Schema['CommentView'];
export type Answer = Schema['AnswerView'];

export const commentsOptions = (slug: string) =>
  infiniteQueryOptions({
    queryKey: ['comments', slug] as const,
    queryFn: ({ pageParam, signal }) =>
      answerOf(api.GET('/api/v1/posts/{slug}/comments', { params: { path: { slug }, query: { cursor: pageParam } }, signal })),
    ...byCursor,
    meta: KEPT,
  });

/** What follows the first answers of a comment: begins at its `next_answers`. */
export const answersOptions = (id: string, from: string | null) =>
  infiniteQueryOptions({
    ...byCursor,
    queryKey: ['comments', 'answers', id, from] as const,
    queryFn: ({ pageParam, signal }) =>
      answerOf(api.GET('/api/v1/comments/{id}/answers', { params: { path: { id }, query: { cursor: pageParam } }, signal })),
    initialPageParam: from ?? undefined,
    enabled: from !== null,
  });

export const writingKey = (slug: string) => ['write-comment', slug] as const;

/** Resolves to null when the comment waits in the outbox: show it from `useOutbox().waiting`. */
export function useWriteComment(slug: string) {
  const client = useQueryClient();
  return useMutation({
    mutationKey: writingKey(slug),
    mutationFn: ({ text, parent = null }: { text: string; parent?: string | null }) =>
      outbox.perform({ t: 'comment', slug, text, parent }) as Promise<Comment | null>,
    onSuccess: (comment) => {
      if (comment?.state === 'shown') {
        changePost(client, slug, ({ counts }) => ({ counts: { ...counts, comments: counts.comments + 1 } }));
      }
      return client.invalidateQueries({ queryKey: ['comments'] });
    },
  });
}

/** The comment as it is now, and the ETag to change it against. */
export const commentForChange = (id: string): Promise<{ data: Comment; etag: string | null }> =>
  wholeAnswerOf(api.GET('/api/v1/comments/{id}', { params: { path: { id } } }));

export function useChangeComment() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, text, etag }: { id: string; text: string; etag: string | null }) =>
      answerOf(api.PATCH('/api/v1/comments/{id}', { params: { path: { id }, header: { 'If-Match': etag ?? '*' } }, body: { text } })),
    onSuccess: () => client.invalidateQueries({ queryKey: ['comments'] }),
  });
}

export function useDeleteComment(slug: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => answerOf(api.DELETE('/api/v1/comments/{id}', { params: { path: { id } } })),
    onSuccess: () => {
      changePost(client, slug, ({ counts }) => ({ counts: { ...counts, comments: Math.max(0, counts.comments - 1) } }));
      return client.invalidateQueries({ queryKey: ['comments'] });
    },
  });
}

export function useReportComment() {
  return useMutation({
    mutationFn: ({ id, note }: { id: string; note: string }) =>
      answerOf(api.POST('/api/v1/comments/{id}/report', { params: { path: { id }, header: { 'Idempotency-Key': newKey() } }, body: { note } })),
  });
}
