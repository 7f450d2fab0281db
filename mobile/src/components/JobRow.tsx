import { Link } from 'expo-router';
import { memo } from 'react';
import { Pressable, StyleSheet, View } from 'react-native';

import { isFinal, type Job } from '@/api/queries/jobs';
import { dollars } from '@/lib/money';
import { ago } from '@/lib/time';
import { space, useTheme } from '@/theme';

import { JobBadge, waitingWords } from './JobBadge';
import { JobProgress } from './JobProgress';
import { Text } from './Text';

/** A job in the list. It has no label of its own: what it shows is what is read out. */
export const JobRow = memo(function JobRow({ job }: { job: Job }) {
  const { colours } = useTheme();
  const waiting = waitingWords(job);
  const cost = Number(job.cost_usd) > 0 ? ` · ${dollars(job.cost_usd)}` : '';
  return (
    <Link href={{ pathname: '/job/[id]', params: { id: job.id } }} asChild>
      <Pressable role="link" style={StyleSheet.flatten([styles.row, { borderColor: colours.line }])}>
        <Text as="heading" accessibilityRole="none" numberOfLines={3}>
          {job.topic}
        </Text>
        <View style={styles.line}>
          <JobBadge job={job} />
          <Text as="small" tone="quiet" style={styles.when}>
            {ago(job.updated_at) + cost}
          </Text>
        </View>
        {waiting !== '' && (
          <Text as="small" tone="warn">
            {waiting}
          </Text>
        )}
        {job.error !== null && (
          <Text as="small" tone="danger" numberOfLines={2}>
            {job.error.title}
          </Text>
        )}
        {!isFinal(job.state) && <JobProgress progress={job.progress} />}
      </Pressable>
    </Link>
  );
});

const styles = StyleSheet.create({
  row: { padding: space.l, gap: space.s, borderBottomWidth: StyleSheet.hairlineWidth },
  line: { flexDirection: 'row', flexWrap: 'wrap', alignItems: 'center', gap: space.s },
  when: { flexGrow: 1 },
});
