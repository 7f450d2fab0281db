import { StyleSheet, View } from 'react-native';

import type { Job } from '@/api/queries/jobs';
import { strings } from '@/strings';
import { radius, space, useTheme, type Colours } from '@/theme';

import { Text } from './Text';

/** The job's state, in its colour: good, bad, waiting for somebody, or at work. */
export function JobBadge({ job }: { job: Pick<Job, 'state' | 'waiting'> }) {
  const { colours } = useTheme();
  const tone = toneOf(job);
  return (
    <View style={[styles.badge, { borderColor: colours[tone] }]}>
      <Text as="label" tone={tone}>
        {strings.job.states[job.state]}
      </Text>
    </View>
  );
}

/** What it waits for, in a sentence; empty: for nothing. */
export function waitingWords({ waiting }: Pick<Job, 'waiting'>): string {
  if (waiting === null) return '';
  const words = strings.job.waits[waiting.for];
  return waiting.until === null ? words : `${words}, ${strings.job.until(whenIs(waiting.until))}`;
}

export function whenIs(iso: string): string {
  return new Date(iso).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
}

function toneOf({ state, waiting }: Pick<Job, 'state' | 'waiting'>): keyof Colours {
  if (state === 'published') return 'good';
  if (state === 'failed') return 'danger';
  if (state === 'cancelled') return 'quiet';
  return waiting === null ? 'accent' : 'warn';
}

const styles = StyleSheet.create({
  badge: { borderWidth: 1, borderRadius: radius.round, paddingHorizontal: space.m, paddingVertical: space.xs, alignSelf: 'flex-start' },
});
