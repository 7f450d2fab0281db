import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { useRouter } from 'expo-router';
import { useCallback, useEffect, useRef, useState } from 'react';
import { ScrollView, StyleSheet, View } from 'react-native';

import { itemsOf } from '@/api/queries/cache';
import { feedOptions, headOf, renewFeed, type FeedItem, type FeedKind } from '@/api/queries/feed';
import { asTrouble } from '@/api/trouble';
import { Button } from '@/components/Button';
import { Bell } from '@/components/Bell';
import { Chip } from '@/components/Chip';
import { FeedList } from '@/components/FeedList';
import type { FeedListHandle } from '@/components/FeedList.types';
import { FeedNews } from '@/components/FeedNews';
import { IconButton } from '@/components/IconButton';
import { PostCard } from '@/components/PostCard';
import { Screen } from '@/components/Screen';
import { SignedOut } from '@/components/SignedOut';
import { Empty, Failure, Loading } from '@/components/States';
import { Text } from '@/components/Text';
import { toast } from '@/components/Toast';
import { IS_WEB } from '@/api/client';
import { endFirst, wantedFirst } from '@/state/first';
import { chooseFeed, chosenFeed } from '@/state/place';
import { useSession } from '@/state/session';
import { strings, wordsOf } from '@/strings';
import { space } from '@/theme';

const KINDS: readonly FeedKind[] = ['for-you', 'latest', 'following'];

export default function Feed() {
  const { person } = useSession();
  const [chosen, setChosen] = useState(() => KINDS.find((kind) => kind === chosenFeed()) ?? null);
  const kind = chosen ?? (person === null ? 'latest' : 'for-you');
  const { isRenewing, renew, list } = useRenewal(kind);
  const choose = (next: FeedKind): void => {
    chooseFeed(next);
    setChosen(next);
  };
  const mayRead = kind === 'latest' || person !== null;
  useEffect(() => {
    if (!mayRead) endFirst();
  }, [mayRead]);
  return (
    <Screen
      title={strings.feed.title}
      right={
        <>
          {/* Where one cannot pull. */}
          {IS_WEB && mayRead && <IconButton icon="renew" label={strings.feed.refresh} onPress={renew} />}
          <Bell />
        </>
      }
    >
      <View role="group" aria-label={strings.feed.choose}>
        <ScrollView horizontal showsHorizontalScrollIndicator={false} style={styles.chips} contentContainerStyle={styles.inChips}>
          {KINDS.map((one) => (
            <Chip key={one} label={strings.feed.kinds[one]} on={one === kind} onPress={() => choose(one)} />
          ))}
        </ScrollView>
      </View>
      {mayRead ? (
        <Posts key={kind} kind={kind} isRenewing={isRenewing} onRenew={renew} list={list} />
      ) : (
        <SignedOut title={strings.feed.inviteTitle} body={strings.feed.invite[kind]} />
      )}
    </Screen>
  );
}

interface PostsProps {
  kind: FeedKind;
  isRenewing: boolean;
  onRenew: () => void;
  list: React.RefObject<FeedListHandle | null>;
}

function Posts({ kind, isRenewing, onRenew, list }: PostsProps) {
  const feed = useInfiniteQuery(feedOptions(kind));
  const router = useRouter();
  const { isPending } = feed;
  useEffect(() => {
    if (isPending) return;
    endFirst();
    const wanted = wantedFirst();
    if (wanted !== null) router.push(wanted as '/');
  }, [isPending, router]);
  const posts = itemsOf(feed.data);
  const renderPost = useCallback((post: FeedItem) => <PostCard post={post} reason={kind === 'latest' ? undefined : post.reason.text} />, [kind]);
  if (feed.isPending) return <Loading />;
  if (feed.isError && posts.length === 0) return <Failure trouble={feed.error} onRetry={() => void feed.refetch()} />;
  if (posts.length === 0) return <NoPosts kind={kind} />;
  const goOn = (): void => {
    if (feed.hasNextPage && !feed.isFetching && !feed.isFetchNextPageError) void feed.fetchNextPage();
  };
  const goBack = (): void => {
    if (feed.hasPreviousPage && !feed.isFetching && !feed.isFetchPreviousPageError) void feed.fetchPreviousPage();
  };
  return (
    <View style={styles.posts}>
      <FeedNews head={headOf(feed.data)} onPress={onRenew} />
      <FeedList
        ref={list}
        name={kind}
        posts={posts}
        renderPost={renderPost}
        onEnd={goOn}
        onStart={goBack}
        isRenewing={isRenewing}
        onRenew={onRenew}
        header={feed.hasPreviousPage ? <Earlier onPress={() => void feed.fetchPreviousPage()} /> : null}
        footer={
          <Ending
            isLoading={feed.isFetchingNextPage}
            trouble={feed.isFetchNextPageError ? feed.error : null}
            hasMore={feed.hasNextPage}
            onMore={() => void feed.fetchNextPage()}
          />
        }
      />
    </View>
  );
}

function NoPosts({ kind }: { kind: FeedKind }) {
  const router = useRouter();
  if (kind !== 'following') return <Empty title={strings.feed.empty} body={strings.feed.emptyBody} />;
  return (
    <Empty title={strings.feed.emptyFollowing} body={strings.feed.emptyFollowingBody}>
      <Button label={strings.feed.explore} kind="plain" onPress={() => router.navigate('/explore')} />
    </Empty>
  );
}

function Earlier({ onPress }: { onPress: () => void }) {
  return (
    <View style={styles.ending}>
      <Button label={strings.feed.earlier} kind="plain" onPress={onPress} />
    </View>
  );
}

interface EndingProps {
  isLoading: boolean;
  trouble: unknown;
  hasMore: boolean;
  onMore: () => void;
}

function Ending({ isLoading, trouble, hasMore, onMore }: EndingProps) {
  if (trouble !== null) {
    const words = wordsOf(asTrouble(trouble));
    return (
      <View role="alert" style={styles.ending}>
        <Text tone="quiet" style={styles.centred}>
          {`${strings.feed.moreFailed} ${words.title}.`}
        </Text>
        <Button label={words.action} kind="plain" onPress={onMore} />
      </View>
    );
  }
  return (
    <View style={styles.ending}>
      {hasMore ? (
        <Button label={strings.feed.more} kind="plain" busy={isLoading} onPress={onMore} />
      ) : (
        <Text as="small" tone="quiet" style={styles.centred}>
          {strings.feed.end}
        </Text>
      )}
    </View>
  );
}

/** Beginning the feed anew, because somebody asked for it. */
function useRenewal(kind: FeedKind) {
  const client = useQueryClient();
  const list = useRef<FeedListHandle>(null);
  const [isRenewing, setRenewing] = useState(false);
  const renew = useCallback(() => {
    setRenewing(true);
    renewFeed(client, kind)
      .then(() => list.current?.toStart())
      .catch((failure: unknown) => toast(`${strings.feed.refreshFailed} ${wordsOf(asTrouble(failure)).title}.`))
      .finally(() => setRenewing(false));
  }, [client, kind]);
  return { isRenewing, renew, list };
}

const styles = StyleSheet.create({
  chips: { flexGrow: 0 },
  inChips: { gap: space.s, paddingHorizontal: space.l, paddingBottom: space.m },
  posts: { flex: 1 },
  ending: { padding: space.xl, gap: space.m, alignItems: 'center' },
  centred: { textAlign: 'center' },
});
