import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';

import { KEPT } from '@/state/offline';
import { outbox } from '@/state/outbox';

import { answerOf, api, type Schema } from '../client';
import { byCursor } from './cache';

export type Job = Schema['JobView'];
export type JobRequest = Schema['JobRequest'];
export type JobState = Schema['JobState'];
export type Step = Schema['StepView'];
export type TimelineEntry = Schema['TimelineView'];
export type Draft = Schema['DraftView'];

const FINAL: ReadonlySet<JobState> = new Set<JobState>(['published', 'failed', 'cancelled']);
export const isFinal = (state: JobState): boolean => FINAL.has(state);

export const jobsOptions = (state?: JobState) =>
  infiniteQueryOptions({
    queryKey: ['jobs', state ?? null] as const,
    queryFn: ({ pageParam, signal }) =>
      answerOf(api.GET('/api/v1/jobs', { params: { query: { state, cursor: pageParam } }, signal })),
    ...byCursor,
    staleTime: 5_000,
    meta: KEPT,
  });

export const jobOptions = (id: string) =>
  queryOptions({
    queryKey: ['job', id] as const,
    queryFn: ({ signal }) => answerOf(api.GET('/api/v1/jobs/{id}', { params: { path: { id } }, signal })),
    staleTime: 5_000,
    meta: KEPT,
  });

export const stepsOptions = (id: string) =>
  queryOptions({
    queryKey: ['job', id, 'steps'] as const,
    queryFn: ({ signal }) => answerOf(api.GET('/api/v1/jobs/{id}/steps', { params: { path: { id } }, signal })),
    staleTime: 5_000,
  });

export const timelineOptions = (id: string) =>
  infiniteQueryOptions({
    queryKey: ['job', id, 'timeline'] as const,
    queryFn: ({ pageParam, signal }) =>
      answerOf(api.GET('/api/v1/jobs/{id}/timeline', { params: { path: { id }, query: { cursor: pageParam, limit: 100 } }, signal })),
    ...byCursor,
    staleTime: 5_000,
  });

export const estimateOptions = (words: number, images: number) =>
  queryOptions({
    queryKey: ['estimate', words, images] as const,
    queryFn: ({ signal }) => answerOf(api.GET('/api/v1/costs/estimate', { params: { query: { words, images } }, signal })),
  });

export const costsOptions = (where: { by?: 'day' | 'model' | 'author' | 'job'; since?: string; until?: string }) =>
  queryOptions({
    queryKey: ['costs', where] as const,
    queryFn: ({ signal }) => answerOf(api.GET('/api/v1/costs', { params: { query: where }, signal })),
  });

/** The post as it stands before it is published; kept, so that it can be read and decided about offline. */
export const draftOptions = (id: string) =>
  queryOptions({
    queryKey: ['job', id, 'draft'] as const,
    queryFn: ({ signal }) => answerOf(api.GET('/api/v1/jobs/{id}/draft', { params: { path: { id } }, signal })),
    staleTime: 5_000,
    meta: KEPT,
  });

/** Order a post. Keep `key` (`newKey()`) with the form: pressed twice, or sent again after a lost answer, it is one job. */
export function useOrder() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ order, key }: { order: JobRequest; key: string }) =>
      answerOf(api.POST('/api/v1/jobs', { params: { header: { 'Idempotency-Key': key } }, body: order })),
    onSuccess: (job) => {
      client.setQueryData(jobOptions(job.id).queryKey, job);
      return client.invalidateQueries({ queryKey: ['jobs'] });
    },
  });
}

/** Approve or reject. Resolves to null when the decision waits in the outbox. */
export function useDecide(id: string) {
  const takeJob = useTakeJob(id);
  return useMutation({
    mutationFn: ({ verb, note = '' }: { verb: 'approve' | 'reject'; note?: string }) =>
      outbox.perform({ t: 'decision', job: id, verb, note }) as Promise<Job | null>,
    onSuccess: takeJob,
  });
}

/** Send the draft back: strike blocks, write a note to the writer, or both. Null: it waits in the outbox. */
export function useRevise(id: string) {
  const takeJob = useTakeJob(id);
  return useMutation({
    mutationFn: (wanted: { note: string; strike: string[]; revision: string }) =>
      outbox.perform({ t: 'revise', job: id, ...wanted }) as Promise<Job | null>,
    onSuccess: takeJob,
  });
}

export function useMoveJob(id: string) {
  const takeJob = useTakeJob(id);
  return useMutation({
    mutationFn: (verb: 'cancel' | 'pause' | 'resume') => {
      const asked = { params: { path: { id } } };
      switch (verb) {
        case 'cancel':
          return answerOf(api.POST('/api/v1/jobs/{id}/cancel', asked));
        case 'pause':
          return answerOf(api.POST('/api/v1/jobs/{id}/pause', asked));
        case 'resume':
          return answerOf(api.POST('/api/v1/jobs/{id}/resume', asked));
      }
    },
    onSuccess: takeJob,
  });
}

export function useRetryJob(id: string) {
  const takeJob = useTakeJob(id);
  return useMutation({
    mutationFn: (how: { from?: string; fresh?: boolean }) =>
      answerOf(api.POST('/api/v1/jobs/{id}/retry', { params: { path: { id } }, body: { fresh: false, ...how } })),
    onSuccess: takeJob,
  });
}

function useTakeJob(id: string): (job: Job | null) => Promise<void> {
  const client = useQueryClient();
  return async (job) => {
    if (job === null) return;
    client.setQueryData(jobOptions(id).queryKey, job);
    await client.invalidateQueries({ queryKey: ['jobs'] });
  };
}
