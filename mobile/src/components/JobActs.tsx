import { useState } from 'react';
import { StyleSheet, View } from 'react-native';

import { isFinal, useDecide, useMoveJob, useRetryJob, type Job, type Step } from '@/api/queries/jobs';
import { asTrouble } from '@/api/trouble';
import { strings, wordsOf } from '@/strings';
import { radius, space, useTheme } from '@/theme';

import { Button } from './Button';
import { Chip } from './Chip';
import { SwitchRow } from './Row';
import { Sheet } from './Sheet';
import { Text } from './Text';

interface Props {
  job: Job;
  steps: readonly Step[];
  /** Look at it anew: it is not as it was shown. */
  onStale: () => void;
}

/** What can be done with the job as it is. */
export function JobActs({ job, steps, onStale }: Props) {
  const move = useMoveJob(job.id);
  const retry = useRetryJob(job.id);
  const [isSure, setSure] = useState(false);
  const [isChoosing, setChoosing] = useState(false);
  const isPaused = job.waiting?.for === 'paused';
  const isBusy = move.isPending || retry.isPending;
  const heard = { onError: onStale, onSettled: () => setSure(false) };
  const failure = move.error ?? retry.error;
  const begin = (how: { from?: string; fresh: boolean }): void => {
    setChoosing(false);
    move.reset();
    retry.mutate(how, heard);
  };
  const go = (verb: 'cancel' | 'pause' | 'resume'): void => {
    retry.reset();
    move.mutate(verb, heard);
  };
  return (
    <View style={styles.acts}>
      {failure !== null && <MovedMeanwhile failure={failure} job={job} />}
      <View style={styles.line}>
        {job.state === 'failed' && <Button label={strings.job.retry} busy={retry.isPending} disabled={isBusy} onPress={() => setChoosing(true)} />}
        {isPaused && <Button label={strings.job.resume} busy={move.isPending} onPress={() => go('resume')} />}
        {!isFinal(job.state) && !isPaused && <Button kind="plain" label={strings.job.pause} disabled={isBusy} onPress={() => go('pause')} />}
        {(!isFinal(job.state) || job.state === 'failed') && (
          <Button
            kind="danger"
            label={isSure ? strings.job.cancelSure : strings.job.cancel}
            disabled={isBusy}
            onPress={() => (isSure ? go('cancel') : setSure(true))}
          />
        )}
      </View>
      <RetrySheet open={isChoosing} steps={steps} onClose={() => setChoosing(false)} onRetry={begin} />
    </View>
  );
}

/** What the server said, and where the job is now. */
export function MovedMeanwhile({ failure, job }: { failure: unknown; job: Pick<Job, 'state'> }) {
  const { colours } = useTheme();
  const trouble = asTrouble(failure);
  const words = wordsOf(trouble);
  const isMoved = trouble.kind === 'changed';
  return (
    <View role="alert" style={[styles.said, { backgroundColor: colours.dangerSoft }]}>
      <Text as="label" tone="danger">
        {isMoved ? strings.job.movedMeanwhile : words.title}
      </Text>
      <Text as="small">{words.body}</Text>
      {isMoved && <Text as="small">{strings.job.nowIs(strings.job.states[job.state])}</Text>}
    </View>
  );
}

interface RetryProps {
  open: boolean;
  steps: readonly Step[];
  onClose: () => void;
  onRetry: (how: { from?: string; fresh: boolean }) => void;
}

function RetrySheet({ open, steps, onClose, onRetry }: RetryProps) {
  const [from, setFrom] = useState<string | null>(null);
  const [isFresh, setFresh] = useState(false);
  const names = [...new Set(steps.filter((step) => step.state !== 'discarded').map((step) => step.name))];
  return (
    <Sheet title={strings.job.retryFrom} open={open} onClose={onClose}>
      <View role="group" aria-label={strings.job.retryFrom} style={styles.line}>
        <Chip label={strings.job.retryWhere} on={from === null} onPress={() => setFrom(null)} />
        {names.map((name) => (
          <Chip key={name} label={name} on={from === name} onPress={() => setFrom(name)} />
        ))}
      </View>
      <SwitchRow label={strings.job.retryFresh} detail={strings.job.retryFreshHint} on={isFresh} onChange={setFresh} />
      <Button label={strings.job.retry} onPress={() => onRetry({ ...(from === null ? null : { from }), fresh: isFresh })} />
    </Sheet>
  );
}

/** A paid call was under way when the blog stopped: only a person can say whether it is made again. */
export function JobDoubt({ job, onStale }: { job: Job; onStale: () => void }) {
  const { colours } = useTheme();
  const decide = useDecide(job.id);
  return (
    <View style={[styles.said, { backgroundColor: colours.accentSoft }]}>
      <Text>{strings.job.doubt}</Text>
      {decide.error !== null && <MovedMeanwhile failure={decide.error} job={job} />}
      <View style={styles.line}>
        <Button label={strings.job.doubtYes} busy={decide.isPending} onPress={() => decide.mutate({ verb: 'approve' }, { onError: onStale })} />
        <Button kind="danger" label={strings.job.doubtNo} disabled={decide.isPending} onPress={() => decide.mutate({ verb: 'reject' }, { onError: onStale })} />
      </View>
    </View>
  );
}

const styles = StyleSheet.create({
  acts: { gap: space.m },
  line: { flexDirection: 'row', flexWrap: 'wrap', gap: space.s },
  said: { borderRadius: radius.m, padding: space.m, gap: space.s },
});
