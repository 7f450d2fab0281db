import { useInfiniteQuery, useIsMutating, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useLocalSearchParams, useRouter } from 'expo-router';
import { useEffect, useRef, useState } from 'react';
import { KeyboardAvoidingView, Platform, RefreshControl, ScrollView, StyleSheet, View } from 'react-native';
import { useSafeAreaInsets } from 'react-native-safe-area-context';

import { itemsOf } from '@/api/queries/cache';
import { commentForChange, commentsOptions, writingKey, type Comment } from '@/api/queries/comments';
import { postOptions } from '@/api/queries/posts';
import { asTrouble } from '@/api/trouble';
import { Button } from '@/components/Button';
import { CommentComposer } from '@/components/CommentComposer';
import { CommentMenu } from '@/components/CommentMenu';
import type { Said } from '@/components/CommentRow';
import { CommentThread } from '@/components/CommentThread';
import { CommentWaiting, type WaitingComment } from '@/components/CommentWaiting';
import { useSignIn } from '@/components/SignedOut';
import { Empty, Failure, Loading, OfflineNote } from '@/components/States';
import { Text } from '@/components/Text';
import { WayBack } from '@/components/WayBack';
import { useReducedMotion } from '@/lib/a11y';
import { outbox, useOutbox } from '@/state/outbox';
import { useSession } from '@/state/session';
import { putBack, useUnsent } from '@/state/unsent';
import { strings } from '@/strings';
import { space, useTheme } from '@/theme';

export default function CommentsScreen() {
  const { slug, comment: asked } = useLocalSearchParams<{ slug: string; comment?: string }>();
  const { colours } = useTheme();
  const insets = useSafeAreaInsets();
  const router = useRouter();
  const { person } = useSession();
  const goSignIn = useSignIn();
  const post = useQuery(postOptions(slug));
  const comments = useInfiniteQuery(commentsOptions(slug));
  const threads = itemsOf(comments.data);
  const [menu, setMenu] = useState<Said | null>(null);
  const [answering, setAnswering] = useState<Said | null>(null);
  const [made, setMade] = useState<Comment | null>(null);
  const target = useTarget(slug, made?.id ?? asked ?? null);
  const unsent = useUnsent(subjectOf(slug, answering));
  const waiting = useWaiting(slug);
  const isSending = useIsMutating({ mutationKey: writingKey(slug) }) > 0;
  const { scroll, content, goTo } = useScrollTo();

  /** Put what was refused back to where it was typed; only then the outbox lets it go. */
  const takeBack = async ({ key, act }: WaitingComment): Promise<void> => {
    const answered = threads.flatMap((one): Said[] => [one, ...one.answers]).find((one) => one.id === act.parent) ?? null;
    await putBack(subjectOf(slug, answered), act.text);
    setAnswering(answered);
    await outbox.discard(key);
  };

  const body = (): React.ReactNode => {
    if (comments.isPending) return <Loading />;
    if (comments.isError && threads.length === 0) {
      if (asTrouble(comments.error).kind === 'gone') {
        return (
          <Empty title={strings.talk.gone} body={strings.talk.goneBody}>
            <Button kind="plain" label={strings.back} onPress={() => (router.canGoBack() ? router.back() : router.replace('/'))} />
          </Empty>
        );
      }
      return <Failure trouble={comments.error} onRetry={() => void comments.refetch()} />;
    }
    return (
      <>
        {target.isMissing && (
          <Text as="small" tone="quiet" role="status">
            {strings.talk.notFound}
          </Text>
        )}
        {threads.length === 0 && !comments.hasNextPage && waiting.length === 0 && (
          <Empty title={strings.talk.empty} body={strings.talk.emptyBody} />
        )}
        {threads.map((thread) => (
          <CommentThread
            key={thread.id}
            comment={thread}
            target={target.id}
            holdsTarget={target.root === thread.id}
            onReply={setAnswering}
            onMenu={setMenu}
            onMarked={goTo}
          />
        ))}
        {comments.hasNextPage && (
          <Button kind="plain" label={strings.talk.moreComments} busy={comments.isFetchingNextPage} onPress={() => void comments.fetchNextPage()} />
        )}
        <CommentWaiting entries={waiting} isSending={isSending} onTakeBack={(entry) => void takeBack(entry)} />
      </>
    );
  };

  return (
    <KeyboardAvoidingView
      role="main"
      behavior={Platform.OS === 'ios' ? 'padding' : undefined}
      keyboardVerticalOffset={insets.top + 44}
      style={[styles.screen, { backgroundColor: colours.ground }]}
    >
      <WayBack title={strings.talk.title} to={{ pathname: '/post/[slug]', params: { slug } }} />
      <OfflineNote />
      <ScrollView
        ref={scroll}
        keyboardShouldPersistTaps="handled"
        refreshControl={<RefreshControl refreshing={comments.isRefetching && !comments.isFetchingNextPage} onRefresh={() => void comments.refetch()} />}
      >
        <View ref={content} collapsable={false} style={styles.column}>
          {post.data !== undefined && (
            <Link href={{ pathname: '/post/[slug]', params: { slug } }}>
              <Text as="title" tone="ink" lang={post.data.language}>
                {post.data.title}
              </Text>
            </Link>
          )}
          {body()}
        </View>
      </ScrollView>
      <View style={{ paddingBottom: insets.bottom, backgroundColor: colours.surface }}>
        {person === null ? (
          <View style={styles.signIn}>
            <Button label={strings.talk.signIn} onPress={goSignIn} />
          </View>
        ) : (
          <CommentComposer
            slug={slug}
            answering={answering}
            onStopAnswering={() => setAnswering(null)}
            unsent={unsent}
            handles={handlesOf(threads, person.handle)}
            onSent={(comment) => {
              setAnswering(null);
              setMade(comment);
            }}
          />
        )}
      </View>
      <CommentMenu said={menu} onClose={() => setMenu(null)} />
    </KeyboardAvoidingView>
  );
}

/** Texts are kept apart for each post and for each comment that is answered. */
function subjectOf(slug: string, answering: Said | null): string {
  return `comment:${slug}:${answering?.id ?? ''}`;
}

/** What waits for this post. Once it has left, the comments are read again: the blog has it now. */
function useWaiting(slug: string): WaitingComment[] {
  const { waiting, parked } = useOutbox();
  const client = useQueryClient();
  const isOfPost = (entry: (typeof waiting)[number]): entry is WaitingComment => entry.act.t === 'comment' && entry.act.slug === slug;
  const found = [...waiting, ...parked].filter(isOfPost);
  const count = found.length;
  const before = useRef(count);
  useEffect(() => {
    if (count < before.current) void client.invalidateQueries({ queryKey: ['comments'] });
    before.current = count;
  }, [count, client]);
  return found;
}

/** The comment that a link names, and its thread; pages are read until it is there. */
function useTarget(slug: string, id: string | null): { id: string | null; root: string | null; isMissing: boolean } {
  const one = useQuery({
    queryKey: ['comments', 'one', id],
    queryFn: () => commentForChange(id ?? ''),
    enabled: id !== null,
    staleTime: Infinity,
  });
  const comments = useInfiniteQuery(commentsOptions(slug));
  const found = one.data?.data;
  const root = found === undefined || found.post !== slug ? null : (found.parent ?? found.id);
  const isThere = itemsOf(comments.data).some((thread) => thread.id === root);
  const { hasNextPage, isFetching, isError, fetchNextPage } = comments;
  useEffect(() => {
    if (root !== null && !isThere && hasNextPage && !isFetching && !isError) void fetchNextPage();
  }, [root, isThere, hasNextPage, isFetching, isError, fetchNextPage]);
  const isOver = comments.isSuccess && !hasNextPage && !isFetching;
  const isGone = one.isError && asTrouble(one.error).kind === 'gone';
  return { id, root, isMissing: id !== null && (isGone || (found !== undefined && !isThere && isOver)) };
}

function useScrollTo() {
  const scroll = useRef<ScrollView>(null);
  const content = useRef<View>(null);
  const isReduced = useReducedMotion();
  const goTo = (place: View): void => {
    // After the next drawing all that is above it has its height.
    requestAnimationFrame(() => {
      if (content.current === null) return;
      place.measureLayout(content.current, (_x, y) => scroll.current?.scrollTo({ y: Math.max(0, y - space.xl), animated: !isReduced }));
    });
  };
  return { scroll, content, goTo };
}

/** Whom one may mention: who speaks here, without oneself. */
function handlesOf(threads: Comment[], mine: string): string[] {
  const said = threads.flatMap((one): Said[] => [one, ...one.answers]);
  return [...new Set(said.flatMap((one) => one.author?.handle ?? []))].filter((handle) => handle !== mine);
}

const styles = StyleSheet.create({
  screen: { flex: 1 },
  column: { width: '100%', maxWidth: 720, alignSelf: 'center', padding: space.l, gap: space.s },
  signIn: { padding: space.m },
});
