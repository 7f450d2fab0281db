/**
 * A job as it moves: over its stream, or by asking again every two seconds where streams are not to be had or one is
 * broken. What the stream tells is shown at once; sums and steps are then asked for.
 */
import { useInfiniteQuery, useQuery, useQueryClient, type QueryClient, type UseQueryResult } from '@tanstack/react-query';
import { useIsFocused } from 'expo-router';
import { useEffect, useMemo, useRef, useState } from 'react';

import { itemsOf } from '@/api/queries/cache';
import { isFinal, jobOptions, stepsOptions, timelineOptions, type Job, type Step, type TimelineEntry } from '@/api/queries/jobs';

import { CAN_STREAM, listen, POLL_MS, type LineState, type ServerEvent } from './events';
import { useIsOnline } from './offline';

/** What a model is writing just now. */
export interface Writing {
  step: string;
  text: string;
}

export interface FollowedJob {
  job: UseQueryResult<Job>;
  steps: readonly Step[];
  entries: readonly TimelineEntry[];
  writing: Writing | null;
  /** `lost`: the stream is broken and being taken up again; `over`: nothing more will happen. */
  line: 'live' | 'polling' | 'lost' | 'over';
}

/** Events come in bursts; what they change is asked for once a burst. */
const BURST_MS = 250;
const MOST_WRITING = 4000;

export function useFollowedJob(id: string): FollowedJob {
  const isFocused = useIsFocused();
  const [state, setState] = useState<LineState | null>(null);
  const isStreamed = state === 'open';
  const every = isStreamed || !isFocused ? false : POLL_MS;
  const job = useQuery({ ...jobOptions(id), refetchInterval: ({ state: { data } }) => (data !== undefined && isFinal(data.state) ? false : every) });
  const isOver = job.data !== undefined && isFinal(job.data.state);
  // A job that is over has no stream; one that is retried gets a new one.
  const { told, writing } = useStream(id, isFocused && job.data !== undefined && !isOver, setState);
  const steps = useQuery({ ...stepsOptions(id), enabled: job.data !== undefined });
  const timeline = useInfiniteQuery({ ...timelineOptions(id), enabled: job.data !== undefined && !isStreamed });
  useAskedWhenMoved(id, job.data?.updated_at, !isStreamed);
  useWholeTimeline(timeline);

  const asked = itemsOf(timeline.data);
  const entries = useMemo(() => merged(asked, told), [asked, told]);
  const line = isOver ? 'over' : state === 'open' ? 'live' : state === 'broken' ? 'lost' : 'polling';
  return { job, steps: steps.data?.items ?? [], entries, writing: isOver ? null : writing, line };
}

function useStream(id: string, isWanted: boolean, changed: (state: LineState | null) => void): { told: readonly TimelineEntry[]; writing: Writing | null } {
  const client = useQueryClient();
  const isOnline = useIsOnline(); // back online, it is taken up at once and not after the next pause
  const last = useRef<string | null>(null);
  const [told, setTold] = useState<readonly TimelineEntry[]>([]);
  const [writing, setWriting] = useState<Writing | null>(null);
  useEffect(() => {
    if (!CAN_STREAM || !isWanted) return;
    let burst: ReturnType<typeof setTimeout> | null = null;
    const ask = (): void => {
      burst = null;
      void client.invalidateQueries({ queryKey: jobOptions(id).queryKey, exact: true });
      void client.invalidateQueries({ queryKey: stepsOptions(id).queryKey });
    };
    const heard = (event: ServerEvent): void => {
      if (event.event === 'text') return setWriting((now) => written(now, event.data));
      const entry = event.data as TimelineEntry;
      last.current = event.id;
      setTold((now) => merged(now, [entry]));
      if (ENDS_TEXT.has(entry.event)) setWriting(null);
      showAtOnce(client, id, entry);
      burst ??= setTimeout(ask, BURST_MS);
    };
    const stop = listen(`/api/v1/jobs/${encodeURIComponent(id)}/events`, heard, { since: last.current, changed });
    return () => {
      stop();
      changed(null);
      if (burst === null) return;
      clearTimeout(burst);
      ask(); // the job's last move ends the stream: what it brought, the post above all, is asked for all the same
    };
  }, [client, id, isWanted, isOnline, changed]);
  return { told, writing };
}

const ENDS_TEXT: ReadonlySet<string> = new Set(['step_finished', 'step_failed', 'moved']);

function written(now: Writing | null, data: unknown): Writing | null {
  const { step, text } = (data ?? {}) as { step?: unknown; text?: unknown };
  if (typeof step !== 'string' || typeof text !== 'string') return now;
  return { step, text: ((now?.step === step ? now.text : '') + text).slice(-MOST_WRITING) };
}

/** A stream begins with what has been, so only what is newer than the job's own answer changes it. */
function showAtOnce(client: QueryClient, id: string, { event, target, at }: TimelineEntry): void {
  client.setQueryData(jobOptions(id).queryKey, (job) => {
    if (job === undefined || event !== 'moved' || target === null || Date.parse(at) <= Date.parse(job.updated_at)) return job;
    return { ...job, state: target, waiting: null, updated_at: at };
  });
}

function useAskedWhenMoved(id: string, updatedAt: string | undefined, isPolling: boolean): void {
  const client = useQueryClient();
  const seen = useRef(updatedAt);
  useEffect(() => {
    if (seen.current === updatedAt) return;
    const isFirst = seen.current === undefined;
    seen.current = updatedAt;
    if (isFirst || !isPolling) return;
    void client.invalidateQueries({ queryKey: stepsOptions(id).queryKey });
    void client.invalidateQueries({ queryKey: timelineOptions(id).queryKey });
  }, [client, id, updatedAt, isPolling]);
}

function useWholeTimeline({ hasNextPage, isFetching, fetchNextPage }: { hasNextPage: boolean; isFetching: boolean; fetchNextPage: () => unknown }): void {
  useEffect(() => {
    if (hasNextPage && !isFetching) fetchNextPage();
  }, [hasNextPage, isFetching, fetchNextPage]);
}

/** Both, each entry once, the oldest first. */
export function merged(some: readonly TimelineEntry[], more: readonly TimelineEntry[]): readonly TimelineEntry[] {
  const known = new Set(some.map((one) => one.id));
  const added = more.filter((one) => !known.has(one.id));
  return added.length === 0 ? some : [...some, ...added].sort((one, other) => one.id - other.id);
}
