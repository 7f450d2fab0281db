import { useEffect, useRef } from 'react';
import { useQueryClient } from '@tanstack/react-query';
import { StyleSheet, View } from 'react-native';

import { jobOptions, type Job } from '@/api/queries/jobs';
import { outbox, useOutbox, type Act, type Entry } from '@/state/outbox';
import { useIsOnline } from '@/state/offline';
import { strings } from '@/strings';
import { radius, space, useTheme } from '@/theme';

import { Text } from './Text';
import { TextButton } from './TextButton';

export type ReviewAct = Extract<Act, { t: 'decision' | 'revise' }>;
export type WaitingReview = Entry & { act: ReviewAct };

export function verbOf(act: ReviewAct): 'approve' | 'reject' | 'revise' {
  return act.t === 'revise' ? 'revise' : act.verb;
}

/** What was decided about this job and is not with the blog yet, or was refused. */
export function useWaitingReviews(jobId: string): readonly WaitingReview[] {
  const { waiting, parked } = useOutbox();
  return [...waiting, ...parked].filter(
    (entry): entry is WaitingReview => (entry.act.t === 'decision' || entry.act.t === 'revise') && entry.act.job === jobId,
  );
}

interface Props {
  jobId: string;
  job: Pick<Job, 'state'> | undefined;
  /** Put note and strikes back to where they were made. Without it, that can be done on the review's own screen. */
  onTakeBack?: (act: ReviewAct) => void;
}

export function DraftWaiting({ jobId, job, onTakeBack }: Props) {
  const entries = useWaitingReviews(jobId);
  useLookWhenSent(jobId, entries.length);
  if (entries.length === 0) return null;
  return (
    <View style={styles.list}>
      {entries.map((entry) =>
        entry.parked === null ? (
          <Waits key={entry.key} entry={entry} onTakeBack={onTakeBack} />
        ) : (
          <Refused key={entry.key} entry={entry} job={job} onTakeBack={onTakeBack} />
        ),
      )}
    </View>
  );
}

function Waits({ entry: { key, act }, onTakeBack }: { entry: WaitingReview; onTakeBack: Props['onTakeBack'] }) {
  const { colours } = useTheme();
  const isOnline = useIsOnline();
  return (
    <View role="status" style={[styles.entry, { borderColor: colours.warn }]}>
      <Text as="label" tone="warn">
        {strings.draft.waits[verbOf(act)]}
      </Text>
      {act.note !== '' && <Text>{`“${act.note}”`}</Text>}
      <Text as="small" tone="quiet">
        {strings.draft.waitsBody}
      </Text>
      <View style={styles.acts}>
        {isOnline && <TextButton label={strings.retry} onPress={() => void outbox.drain()} />}
        {onTakeBack && <TextButton label={strings.draft.takeBack} onPress={() => void outbox.discard(key).then(() => onTakeBack(act))} />}
      </View>
    </View>
  );
}

function Refused({ entry: { key, act, parked }, job, onTakeBack }: { entry: WaitingReview; job: Props['job']; onTakeBack: Props['onTakeBack'] }) {
  const { colours } = useTheme();
  return (
    <View role="alert" style={[styles.entry, { borderColor: colours.danger }]}>
      <Text as="label" tone="danger">
        {strings.draft.refused[verbOf(act)]}
      </Text>
      <Text as="small">{parked?.words}</Text>
      {job !== undefined && <Text as="small">{strings.job.nowIs(strings.job.states[job.state])}</Text>}
      {act.note !== '' && (
        <>
          <Text as="small" tone="quiet">
            {strings.draft.noteKept}
          </Text>
          <Text selectable>{`“${act.note}”`}</Text>
        </>
      )}
      <View style={styles.acts}>
        {onTakeBack && <TextButton label={strings.draft.useAgain} onPress={() => void outbox.discard(key).then(() => onTakeBack(act))} />}
        <TextButton label={strings.draft.drop} tone="danger" onPress={() => void outbox.discard(key)} />
      </View>
    </View>
  );
}

/** Once it was delivered, the job is another than it was. */
function useLookWhenSent(jobId: string, count: number): void {
  const client = useQueryClient();
  const before = useRef(count);
  useEffect(() => {
    if (count !== before.current) void client.invalidateQueries({ queryKey: jobOptions(jobId).queryKey });
    before.current = count;
  }, [client, jobId, count]);
}

const styles = StyleSheet.create({
  list: { gap: space.m },
  entry: { borderWidth: 1, borderStyle: 'dashed', borderRadius: radius.m, padding: space.m, gap: space.xs },
  acts: { flexDirection: 'row', flexWrap: 'wrap' },
});
