import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';

import { newKey } from '@/lib/ids';
import { KEPT } from '@/state/offline';

import { answerOf, api, type Schema } from '../client';
import { byCursor } from './cache';

export type Notification = Schema['NotificationView'];

export const notificationsOptions = (unread = false) =>
  infiniteQueryOptions({
    queryKey: ['notifications', { unread }] as const,
    queryFn: ({ pageParam, signal }) =>
      answerOf(api.GET('/api/v1/me/notifications', { params: { query: { unread, cursor: pageParam } }, signal })),
    ...byCursor,
    meta: KEPT,
  });

/** The number on the tab. */
export const unreadOptions = () =>
  queryOptions({
    queryKey: ['notifications', 'count'] as const,
    queryFn: async ({ signal }) =>
      (await answerOf(api.GET('/api/v1/me/notifications', { params: { query: { limit: 1 } }, signal }))).unread,
  });

export function useMarkRead() {
  const client = useQueryClient();
  return useMutation({
    /** Some by their ids, or all until one. */
    mutationFn: (which: { ids: string[] } | { until: string }) =>
      answerOf(api.PUT('/api/v1/me/notifications/read', { body: which })),
    onSuccess: ({ unread }) => {
      client.setQueryData(unreadOptions().queryKey, unread);
      return client.invalidateQueries({ queryKey: ['notifications'] });
    },
  });
}

export const pushKeyOptions = () =>
  queryOptions({
    queryKey: ['push-key'] as const,
    queryFn: ({ signal }) => answerOf(api.GET('/api/v1/push/key', { signal })),
    staleTime: Infinity,
  });

export function useSubscribePush() {
  return useMutation({
    mutationFn: (body: Schema['PushSubscription']) =>
      answerOf(api.POST('/api/v1/push/subscriptions', { params: { header: { 'Idempotency-Key': newKey() } }, body })),
  });
}

export function useUnsubscribePush() {
  return useMutation({
    mutationFn: (endpoint: string) => answerOf(api.DELETE('/api/v1/push/subscriptions', { body: { endpoint } })),
  });
}
