import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useIsFocused, useLocalSearchParams, useNavigation, useRouter } from 'expo-router';
import { useEffect, useState } from 'react';
import { FlatList, ScrollView, StyleSheet, View } from 'react-native';

import { itemsOf } from '@/api/queries/cache';
import { isFinal, jobsOptions, type Job, type JobState } from '@/api/queries/jobs';
import { siteOptions } from '@/api/queries/site';
import { Button } from '@/components/Button';
import { Chip } from '@/components/Chip';
import { IconButton } from '@/components/IconButton';
import { JobOrder, useOrderForm, type OrderForm } from '@/components/JobOrder';
import { JobRow } from '@/components/JobRow';
import { Screen } from '@/components/Screen';
import { SignedOut } from '@/components/SignedOut';
import { Empty, Failure, Loading } from '@/components/States';
import { Text } from '@/components/Text';
import { toast } from '@/components/Toast';
import { isTyped, withShared } from '@/lib/order';
import { POLL_MS } from '@/state/events';
import { mayWrite, useSession } from '@/state/session';
import { strings } from '@/strings';
import { space } from '@/theme';

export default function DeskTab() {
  const session = useSession();
  if (mayWrite(session)) return <Desk />;
  return (
    <Screen title={strings.desk.title}>
      {session.person === null ? (
        <SignedOut title={strings.desk.invite} body={strings.desk.inviteSignedOut} />
      ) : (
        <Empty title={strings.desk.invite} body={strings.desk.inviteReader} />
      )}
    </Screen>
  );
}

function Desk() {
  const router = useRouter();
  const site = useQuery(siteOptions());
  const form = useOrderForm(site.data?.language ?? 'en');
  const [isAsked, setAsked] = useState<boolean | null>(null);
  const [state, setState] = useState<JobState | undefined>();
  useShared(form, () => setAsked(true));
  const isOpen = isAsked ?? (form.isRead && isTyped(form.order));
  const sent = (job: Job): void => {
    setAsked(false);
    toast(strings.desk.sent);
    router.push({ pathname: '/job/[id]', params: { id: job.id } });
  };
  return (
    <Screen
      title={strings.desk.title}
      right={isOpen ? <IconButton icon="close" label={strings.close} onPress={() => setAsked(false)} /> : undefined}
    >
      {isOpen ? (
        <ScrollView keyboardShouldPersistTaps="handled" contentContainerStyle={styles.form}>
          <Text as="title">{strings.desk.propose}</Text>
          <JobOrder form={form} onSent={sent} />
        </ScrollView>
      ) : (
        <>
          <View style={styles.propose}>
            <Button icon="plus" label={strings.desk.propose} onPress={() => setAsked(true)} />
          </View>
          <Filter state={state} onChoose={setState} />
          <Jobs state={state} />
        </>
      )}
    </Screen>
  );
}

/** `/desk?title=&text=&url=`: from the share sheet (`share_target` of the manifest, `blogen://desk?…`). */
function useShared(form: OrderForm, added: () => void): void {
  // Its own, not the router: a cold start by a link draws this screen before the router can be told anything.
  const navigation = useNavigation<{ setParams(params: object): void }>();
  const { title, text, url } = useLocalSearchParams<{ title?: string; text?: string; url?: string }>();
  const isShared = [title, text, url].some((one) => typeof one === 'string' && one !== '');
  useEffect(() => {
    if (!isShared || !form.isRead) return;
    const next = withShared(form.order, { title, text, url });
    if (next !== form.order) form.replace(next);
    toast(next === form.order ? strings.desk.sharedTwice : strings.desk.shared);
    added();
    navigation.setParams({ title: undefined, text: undefined, url: undefined });
    // Once for what was shared, as soon as the form is read from the disk.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [isShared, form.isRead, title, text, url]);
}

const FILTERS: readonly JobState[] = ['in_review', 'scheduled', 'published', 'failed', 'cancelled', 'queued', 'researching', 'drafting'];

function Filter({ state, onChoose }: { state: JobState | undefined; onChoose: (state: JobState | undefined) => void }) {
  return (
    <View>
      <ScrollView horizontal showsHorizontalScrollIndicator={false} role="group" aria-label={strings.desk.filter} contentContainerStyle={styles.chips}>
        <Chip label={strings.desk.all} on={state === undefined} onPress={() => onChoose(undefined)} />
        {FILTERS.map((one) => (
          <Chip key={one} label={strings.job.states[one]} on={state === one} onPress={() => onChoose(one)} />
        ))}
      </ScrollView>
    </View>
  );
}

/** How often the list asks where nothing is at work just now. */
const IDLE_MS = 30_000;

function Jobs({ state }: { state: JobState | undefined }) {
  const isFocused = useIsFocused();
  const jobs = useInfiniteQuery({
    ...jobsOptions(state),
    refetchOnMount: 'always',
    refetchInterval: ({ state: { data } }) => (isFocused ? (itemsOf(data).some(isAtWork) ? POLL_MS : IDLE_MS) : false),
  });
  const found = itemsOf(jobs.data);
  if (jobs.isPending) return <Loading />;
  if (jobs.isError && found.length === 0) return <Failure trouble={jobs.error} onRetry={() => void jobs.refetch()} />;
  const { emptyState, emptyStateBody, empty, emptyBody, stale } = strings.desk;
  return (
    <FlatList
      data={found}
      keyExtractor={(job) => job.id}
      renderItem={({ item }) => <JobRow job={item} />}
      onEndReached={() => jobs.hasNextPage && !jobs.isFetching && void jobs.fetchNextPage()}
      ListHeaderComponent={jobs.isError ? <Text as="small" tone="danger" role="status" style={styles.stale}>{stale}</Text> : null}
      ListFooterComponent={
        jobs.hasNextPage ? (
          <View style={styles.propose}>
            <Button kind="plain" label={strings.more} busy={jobs.isFetchingNextPage} onPress={() => void jobs.fetchNextPage()} />
          </View>
        ) : null
      }
      ListEmptyComponent={state === undefined ? <Empty title={empty} body={emptyBody} /> : <Empty title={emptyState} body={emptyStateBody} />}
    />
  );
}

function isAtWork(job: Job): boolean {
  return !isFinal(job.state) && (job.waiting === null || job.waiting.for === 'retry' || job.waiting.for === 'image');
}

const styles = StyleSheet.create({
  form: { paddingHorizontal: space.l, paddingBottom: space.xxl, gap: space.l, maxWidth: 680, width: '100%', alignSelf: 'center' },
  propose: { paddingHorizontal: space.l, paddingBottom: space.m },
  chips: { paddingHorizontal: space.l, paddingBottom: space.m, gap: space.s },
  stale: { padding: space.l },
});
