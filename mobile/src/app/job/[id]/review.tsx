import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useLocalSearchParams, useRouter } from 'expo-router';
import { useEffect, useRef } from 'react';
import { StyleSheet, View } from 'react-native';

import { draftOptions, type Draft, type Job } from '@/api/queries/jobs';
import { asTrouble } from '@/api/trouble';
import { Button } from '@/components/Button';
import { Cover } from '@/components/Cover';
import { DraftBlocks } from '@/components/DraftBlocks';
import { DraftDecision, strikesIn } from '@/components/DraftDecision';
import { DraftWaiting, useWaitingReviews, type ReviewAct } from '@/components/DraftWaiting';
import { JobBadge } from '@/components/JobBadge';
import { Pane } from '@/components/Pane';
import { SignedOut } from '@/components/SignedOut';
import { Empty, Failure, Loading } from '@/components/States';
import { Text } from '@/components/Text';
import { WayBack } from '@/components/WayBack';
import { useFollowedJob } from '@/state/followed-job';
import { useReview } from '@/state/review';
import { mayWrite, useSession } from '@/state/session';
import { strings } from '@/strings';
import { space, useTheme } from '@/theme';

export default function ReviewScreen() {
  const { id } = useLocalSearchParams<{ id: string }>();
  const session = useSession();
  return (
    <>
      <WayBack title={strings.draft.title} to={{ pathname: '/job/[id]', params: { id } }} />
      {mayWrite(session) ? (
        <Reviewed key={id} id={id} />
      ) : session.person === null ? (
        <SignedOut title={strings.desk.invite} body={strings.desk.inviteSignedOut} />
      ) : (
        <Empty title={strings.desk.invite} body={strings.desk.inviteReader} />
      )}
    </>
  );
}

function Reviewed({ id }: { id: string }) {
  const router = useRouter();
  const { job } = useFollowedJob(id);
  const draft = useQuery(draftOptions(id));
  const review = useReview(id);
  const isSent = useWaitingReviews(id).some((entry) => entry.parked === null);
  useNewDraft(id, job.data?.updated_at);
  const takeBack = (act: ReviewAct): void => review.replace({ note: act.note, strike: act.t === 'revise' ? act.strike : review.strike });

  if (draft.data === undefined) {
    if (draft.isPending) return <Loading />;
    if (asTrouble(draft.error).kind !== 'gone') return <Failure trouble={draft.error} onRetry={() => void draft.refetch()} />;
    return (
      <Empty title={strings.draft.none} body={strings.draft.noneBody}>
        <Button kind="plain" label={strings.draft.readFurther} onPress={() => router.replace({ pathname: '/job/[id]', params: { id } })} />
      </Empty>
    );
  }
  const mayDecide = job.data?.state === 'in_review' && !isSent;
  const lookAnew = (): void => {
    void job.refetch();
    void draft.refetch();
  };
  return (
    <Pane>
      <About draft={draft.data} />
      {!mayDecide && job.data !== undefined && <Elsewhere job={job.data} isSent={isSent} />}
      <DraftBlocks draft={draft.data} struck={strikesIn(draft.data, review.strike)} onStrike={mayDecide ? review.toggle : undefined} />
      <Sources draft={draft.data} />
      <DraftWaiting jobId={id} job={job.data} onTakeBack={takeBack} />
      {mayDecide && job.data !== undefined && <DraftDecision job={job.data} draft={draft.data} review={review} onStale={lookAnew} />}
      {!mayDecide && !isSent && review.note !== '' && (
        <View style={styles.kept}>
          <Text as="label">{strings.draft.noteKept}</Text>
          <Text selectable>{`“${review.note}”`}</Text>
        </View>
      )}
    </Pane>
  );
}

function About({ draft }: { draft: Draft }) {
  const { colours } = useTheme();
  const about = [draft.author, strings.draft.words(draft.words), draft.human_edits > 0 ? strings.draft.edits(draft.human_edits) : ''];
  return (
    <View style={styles.about}>
      {draft.cover !== null && <Cover picture={draft.cover} />}
      <Text as="display" aria-level={1} lang={draft.language}>
        {draft.title}
      </Text>
      <Text as="lead" tone="quiet" lang={draft.language}>
        {draft.summary}
      </Text>
      <Text as="small" tone="quiet">
        {[...about.filter(Boolean), ...draft.tags.map((tag) => `#${tag}`)].join(' · ')}
      </Text>
      {draft.notices.map((notice) => (
        <Text key={notice} as="small" tone="quiet" style={[styles.notice, { borderColor: colours.line }]}>
          {notice}
        </Text>
      ))}
    </View>
  );
}

/** The draft is only read: somebody decided, or it is on its way. */
function Elsewhere({ job, isSent }: { job: Job; isSent: boolean }) {
  const router = useRouter();
  if (isSent) return null;
  const { post } = job;
  return (
    <View role="status" style={styles.about}>
      <Text as="label">{strings.draft.over}</Text>
      <View style={styles.line}>
        <JobBadge job={job} />
      </View>
      {post === null ? (
        <Button kind="plain" label={strings.draft.readFurther} onPress={() => router.replace({ pathname: '/job/[id]', params: { id: job.id } })} />
      ) : (
        <Button label={strings.job.readPost} onPress={() => router.push({ pathname: '/post/[slug]', params: { slug: post.slug } })} />
      )}
    </View>
  );
}

function Sources({ draft }: { draft: Draft }) {
  if (draft.sources.length === 0) return null;
  return (
    <View style={styles.sources}>
      <Text as="heading" aria-level={2}>
        {strings.draft.sources}
      </Text>
      {draft.sources.map((source, at) => (
        <View key={at}>
          <Text as="label">{source.title}</Text>
          {source.url !== null && (
            <Text as="small" tone="quiet" selectable>
              {source.url}
            </Text>
          )}
        </View>
      ))}
    </View>
  );
}

/** A job that moved may have another draft. */
function useNewDraft(id: string, updatedAt: string | undefined): void {
  const client = useQueryClient();
  const seen = useRef(updatedAt);
  useEffect(() => {
    if (seen.current !== undefined && seen.current !== updatedAt) void client.invalidateQueries({ queryKey: draftOptions(id).queryKey });
    seen.current = updatedAt;
  }, [client, id, updatedAt]);
}

const styles = StyleSheet.create({
  about: { gap: space.m },
  line: { flexDirection: 'row', flexWrap: 'wrap', gap: space.s },
  notice: { borderLeftWidth: 2, paddingLeft: space.m },
  sources: { gap: space.s },
  kept: { gap: space.xs },
});
