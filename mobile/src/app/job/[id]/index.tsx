import { useLocalSearchParams, useRouter } from 'expo-router';
import type { ReactNode } from 'react';
import { StyleSheet, View } from 'react-native';

import type { Job } from '@/api/queries/jobs';
import { asTrouble } from '@/api/trouble';
import { Button } from '@/components/Button';
import { DraftWaiting } from '@/components/DraftWaiting';
import { JobActs, JobDoubt } from '@/components/JobActs';
import { JobBadge, waitingWords, whenIs } from '@/components/JobBadge';
import { JobPath } from '@/components/JobPath';
import { JobProgress } from '@/components/JobProgress';
import { JobSteps, JobTimeline } from '@/components/JobSteps';
import { Pane } from '@/components/Pane';
import { SignedOut } from '@/components/SignedOut';
import { Empty, Failure, Loading } from '@/components/States';
import { Text } from '@/components/Text';
import { WayBack } from '@/components/WayBack';
import { counted, dollars } from '@/lib/money';
import { useFollowedJob, type FollowedJob } from '@/state/followed-job';
import { mayWrite, useSession } from '@/state/session';
import { strings } from '@/strings';
import { radius, space, useTheme } from '@/theme';

export default function JobScreen() {
  const { id } = useLocalSearchParams<{ id: string }>();
  const session = useSession();
  return (
    <>
      <WayBack title={strings.job.title} to="/desk" />
      {mayWrite(session) ? (
        <Followed key={id} id={id} />
      ) : session.person === null ? (
        <SignedOut title={strings.desk.invite} body={strings.desk.inviteSignedOut} />
      ) : (
        <Empty title={strings.desk.invite} body={strings.desk.inviteReader} />
      )}
    </>
  );
}

function Followed({ id }: { id: string }) {
  const router = useRouter();
  const followed = useFollowedJob(id);
  const { job, steps, entries } = followed;
  if (job.data === undefined) {
    if (job.isPending) return <Loading />;
    const isGone = asTrouble(job.error).kind === 'gone';
    if (isGone) return <Empty title={strings.job.gone}><Button kind="plain" label={strings.tabs.desk} onPress={() => router.replace('/desk')} /></Empty>; // prettier-ignore
    return <Failure trouble={job.error} onRetry={() => void job.refetch()} />;
  }
  const found = job.data;
  const lookAnew = (): void => void job.refetch();
  return (
    <Pane>
      <Head job={found} line={followed.line} />
      <Way job={found} />
      <DraftWaiting jobId={id} job={found} />
      {isInDoubt(found) && <JobDoubt job={found} onStale={lookAnew} />}
      {found.error !== null && <Why error={found.error} />}
      {followed.writing !== null && <WritingNow writing={followed.writing} />}
      <JobActs job={found} steps={steps} onStale={lookAnew} />
      <Part title={strings.job.path}>
        <JobPath job={found} entries={entries} />
      </Part>
      <Sums job={found} />
      <Part title={strings.job.steps}>
        <JobSteps steps={steps} />
      </Part>
      <Part title={strings.job.timeline}>
        <JobTimeline entries={entries} />
      </Part>
    </Pane>
  );
}

function isInDoubt(job: Job): boolean {
  return job.waiting?.for === 'review' && job.state !== 'in_review';
}

function Head({ job, line }: { job: Job; line: FollowedJob['line'] }) {
  const { colours } = useTheme();
  const waiting = waitingWords(job);
  return (
    <View style={styles.head}>
      <Text as="title" accessibilityRole="header" aria-level={1}>
        {job.topic}
      </Text>
      <View style={styles.line}>
        <JobBadge job={job} />
        {(line === 'live' || line === 'polling') && (
          <View style={styles.line}>
            <View aria-hidden style={[styles.pulse, { backgroundColor: line === 'live' ? colours.good : colours.quiet }]} />
            <Text as="small" tone="quiet">
              {line === 'live' ? strings.job.live : strings.job.polling}
            </Text>
          </View>
        )}
      </View>
      {line === 'lost' && (
        <Text as="small" tone="warn" role="status">
          {strings.job.lost}
        </Text>
      )}
      {waiting !== '' && <Text tone="warn">{waiting}</Text>}
      {line !== 'over' && <JobProgress progress={job.progress} />}
    </View>
  );
}

/** The one thing that comes next for a person. */
function Way({ job }: { job: Job }) {
  const router = useRouter();
  const { post } = job;
  if (post !== null) {
    return <Button label={strings.job.readPost} onPress={() => router.push({ pathname: '/post/[slug]', params: { slug: post.slug } })} />;
  }
  if (job.state !== 'in_review') return null;
  return <Button label={strings.job.review} onPress={() => router.push({ pathname: '/job/[id]/review', params: { id: job.id } })} />;
}

function Why({ error }: { error: NonNullable<Job['error']> }) {
  const { colours } = useTheme();
  return (
    <View role="alert" style={[styles.box, { backgroundColor: colours.dangerSoft }]}>
      <Text as="label" tone="danger">
        {error.title}
      </Text>
      <Text>{error.detail}</Text>
      {error.remedy !== '' && (
        <>
          <Text as="label">{strings.job.remedy}</Text>
          <Text>{error.remedy}</Text>
        </>
      )}
    </View>
  );
}

/** Its newest lines: words that come from the left would jump. Not read out: the step's result is what counts. */
function WritingNow({ writing }: { writing: NonNullable<FollowedJob['writing']> }) {
  const { colours } = useTheme();
  return (
    <View style={[styles.box, { backgroundColor: colours.sunken }]}>
      <Text as="label" tone="accent">
        {strings.job.writing(writing.step)}
      </Text>
      <Text as="small" tone="quiet" testID="writing">
        {writing.text.slice(-SHOWN_CHARS)}
      </Text>
    </View>
  );
}

const SHOWN_CHARS = 600;

function Sums({ job }: { job: Job }) {
  const { input, output } = job.tokens;
  const cost = dollars(job.cost_usd) + (job.unknown_calls > 0 ? `, ${strings.job.costUnknown(job.unknown_calls)}` : '');
  return (
    <View style={styles.sums}>
      <Sum label={strings.job.cost} value={cost} />
      <Sum label={strings.job.tokens} value={strings.job.tokensOf(counted(input), counted(output))} />
      <Sum label={strings.job.ordered} value={whenIs(job.created_at)} />
    </View>
  );
}

function Sum({ label, value }: { label: string; value: string }) {
  return (
    <View style={styles.sum}>
      <Text as="small" tone="quiet">
        {label}
      </Text>
      <Text as="label">{value}</Text>
    </View>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <View style={styles.part}>
      <Text as="heading" aria-level={2}>
        {title}
      </Text>
      {children}
    </View>
  );
}

const styles = StyleSheet.create({
  head: { gap: space.m },
  line: { flexDirection: 'row', flexWrap: 'wrap', alignItems: 'center', gap: space.s },
  pulse: { width: 8, height: 8, borderRadius: 4 },
  box: { borderRadius: radius.m, padding: space.m, gap: space.s },
  sums: { flexDirection: 'row', flexWrap: 'wrap', gap: space.l },
  sum: { gap: 2, maxWidth: '100%' },
  part: { gap: space.m },
});
