import { StyleSheet, View } from 'react-native';

import type { Job, TimelineEntry } from '@/api/queries/jobs';
import { stationsOf, type Station } from '@/lib/job-path';
import { strings } from '@/strings';
import { space, useTheme, type Colours } from '@/theme';

import { Icon } from './Icon';
import { Text } from './Text';
import { waitingWords } from './JobBadge';

const DOT = 22;

/** The state machine: the way taken, where the job is and what it waits for, and what is still to come. */
export function JobPath({ job, entries }: { job: Job; entries: readonly TimelineEntry[] }) {
  const stations = stationsOf(job, entries);
  return (
    <View role="list" aria-label={strings.job.path}>
      {stations.map((station, index) => (
        <Stop key={station.state} station={station} job={job} next={stations[index + 1]} />
      ))}
    </View>
  );
}

function Stop({ station, job, next }: { station: Station; job: Job; next: Station | undefined }) {
  const { colours } = useTheme();
  const { state, how, times } = station;
  const isBehind = how === 'ahead' || how === 'left';
  const tone = toneOf(station, job);
  const isTravelled = next !== undefined && next.how !== 'ahead';
  return (
    <View role="listitem" style={styles.stop}>
      <View aria-hidden style={styles.rail}>
        <Dot station={station} tone={tone} />
        {next !== undefined && <View style={[styles.way, { backgroundColor: isTravelled ? colours.accent : colours.line }]} />}
      </View>
      <View style={styles.words} {...(how === 'here' && { 'aria-current': 'step' as const })}>
        <View style={styles.line}>
          <Text as={how === 'here' || how === 'ended' ? 'strong' : 'body'} tone={isBehind ? 'quiet' : tone === 'danger' ? 'danger' : 'ink'}>
            {strings.job.states[state]}
          </Text>
          <Text as="small" tone={tone === 'danger' ? 'danger' : 'quiet'}>
            {[howWords(station, job), times > 1 ? strings.job.again(times) : ''].filter(Boolean).join(' · ')}
          </Text>
        </View>
        {how === 'here' && job.waiting !== null && (
          <Text as="small" tone="warn">
            {waitingWords(job)}
          </Text>
        )}
      </View>
    </View>
  );
}

function Dot({ station: { how }, tone }: { station: Station; tone: keyof Colours }) {
  const { colours } = useTheme();
  const isFull = how === 'reached' || how === 'ended';
  const look = { borderColor: colours[tone], backgroundColor: isFull ? colours[tone] : colours.ground };
  return (
    <View style={[styles.dot, look, how === 'left' && styles.dashed]}>
      {how === 'reached' && <Icon name="check" size={14} tone="onAccent" />}
      {how === 'ended' && <Icon name="close" size={14} tone="ground" />}
      {how === 'here' && <View style={[styles.core, { backgroundColor: colours[tone] }]} />}
    </View>
  );
}

function toneOf({ how }: Station, job: Job): keyof Colours {
  switch (how) {
    case 'reached':
      return 'accent';
    case 'here':
      return job.state === 'published' ? 'good' : job.waiting === null ? 'accent' : 'warn';
    case 'ended':
      return job.state === 'failed' ? 'danger' : 'quiet';
    case 'left':
    case 'ahead':
      return 'line';
  }
}

function howWords({ how }: Station, job: Job): string {
  switch (how) {
    case 'reached':
      return strings.job.reached;
    case 'here':
      return job.state === 'published' ? '' : strings.job.here;
    case 'ended':
      return job.state === 'failed' ? strings.job.failedHere : strings.job.cancelledHere;
    case 'left':
      return strings.job.left;
    case 'ahead':
      return '';
  }
}

const styles = StyleSheet.create({
  stop: { flexDirection: 'row', gap: space.m },
  rail: { width: DOT, alignItems: 'center' },
  dot: { width: DOT, height: DOT, borderRadius: DOT / 2, borderWidth: 2, alignItems: 'center', justifyContent: 'center' },
  dashed: { borderStyle: 'dashed' },
  core: { width: 10, height: 10, borderRadius: 5 },
  way: { width: 2, flexGrow: 1, minHeight: 12 },
  words: { flex: 1, paddingBottom: space.m },
  line: { flexDirection: 'row', flexWrap: 'wrap', alignItems: 'baseline', columnGap: space.s },
});
