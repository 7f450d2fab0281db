/** The way that a job took through its states, from its timeline. */
import type { Job, JobState, TimelineEntry } from '@/api/queries/jobs';

export const PATH: readonly JobState[] = [
  'queued', 'researching', 'outlining', 'drafting', 'editing', 'illustrating', 'assembling', 'in_review', 'scheduled', 'published',
]; // prettier-ignore

export interface Station {
  state: JobState;
  /** `left`: it went past; `ended`: there it failed or was cancelled. */
  how: 'reached' | 'here' | 'left' | 'ahead' | 'ended';
  /** How often it was entered. */
  times: number;
  /** When it was last entered. */
  at: string | null;
}

export function stationsOf(job: Pick<Job, 'state' | 'progress'>, entries: readonly TimelineEntry[]): Station[] {
  const visits = visitsOf(entries);
  const last = lastOnPath(job, entries);
  const reachedTo = PATH.indexOf(last);
  return PATH.map((state, index) => {
    const visit = visits.get(state);
    const isLast = state === last;
    const wasThere = visit !== undefined || (entries.length === 0 && index < reachedTo);
    const how = isLast ? (job.state === last ? 'here' : 'ended') : index > reachedTo ? 'ahead' : wasThere ? 'reached' : 'left';
    return { state, how, times: visit?.times ?? 0, at: visit?.at ?? null };
  });
}

function visitsOf(entries: readonly TimelineEntry[]): Map<JobState, { times: number; at: string }> {
  const visits = new Map<JobState, { times: number; at: string }>();
  for (const { event, origin, target, at } of entries) {
    const state = event === 'submitted' ? origin : event === 'moved' ? target : null;
    if (state !== null) visits.set(state, { times: (visits.get(state)?.times ?? 0) + 1, at });
  }
  return visits;
}

/** Where it is, or was when it failed or was cancelled. */
function lastOnPath(job: Pick<Job, 'state' | 'progress'>, entries: readonly TimelineEntry[]): JobState {
  if (PATH.includes(job.state)) return job.state;
  const end = entries.findLast(({ event, target }) => (event === 'moved' || event === 'rejected') && (target === null || !PATH.includes(target)));
  return end?.origin ?? PATH[Math.round(job.progress * (PATH.length - 1))] ?? 'queued';
}
