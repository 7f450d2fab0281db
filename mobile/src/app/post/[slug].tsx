import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { Stack, useFocusEffect, useLocalSearchParams, useRouter } from 'expo-router';
import { useCallback, useEffect, useRef, useState } from 'react';
import { Pressable, ScrollView, StyleSheet, View } from 'react-native';
import { useSafeAreaInsets } from 'react-native-safe-area-context';

import { forgetPost, itemsOf } from '@/api/queries/cache';
import { authorOptions, correctionsOptions, postOptions, type Post } from '@/api/queries/posts';
import { useBookmark, useLike } from '@/api/queries/social';
import { asTrouble } from '@/api/trouble';
import { Avatar } from '@/components/Avatar';
import { Blocks, type NoteBlock } from '@/components/Blocks';
import { Button } from '@/components/Button';
import { Cover } from '@/components/Cover';
import { FollowButton } from '@/components/FollowButton';
import { IconButton } from '@/components/IconButton';
import { ListenBar, useListening } from '@/components/Listen';
import { BAR, BottomBar, TopBar, useBars } from '@/components/PostBars';
import { PostMenu, SaveSheet, type MenuItem } from '@/components/PostMenu';
import { PostReport } from '@/components/PostReport';
import { ReadingSheet } from '@/components/ReadingSheet';
import { useSignIn } from '@/components/SignedOut';
import { PassageSheet, SourcesSheet } from '@/components/Sources';
import { Empty, Failure, Loading, OfflineNote } from '@/components/States';
import { Text } from '@/components/Text';
import { TextButton } from '@/components/TextButton';
import { toast } from '@/components/Toast';
import { useReducedMotion } from '@/lib/a11y';
import { tick } from '@/lib/haptics';
import { sharePost } from '@/lib/share';
import { ago } from '@/lib/time';
import { LINE_WIDTH, usePrefs } from '@/state/prefs';
import { useReading, type Reading } from '@/state/reading';
import { useSession } from '@/state/session';
import { strings, wordsOf } from '@/strings';
import { radius, space, TARGET, useTheme } from '@/theme';

type SheetName = 'reading' | 'menu' | 'sources' | 'save' | 'report';

export default function PostScreen() {
  const { slug } = useLocalSearchParams<{ slug: string }>();
  const { data: post, error, isPending, refetch } = useQuery(postOptions(slug));
  const isGone = error !== null && asTrouble(error).kind === 'gone';
  return (
    <>
      <Stack.Screen options={{ headerShown: false, title: post?.title ?? '' }} />
      {isGone ? (
        <Framed><Gone slug={slug} /></Framed>
      ) : isPending ? (
        <Framed><Loading /></Framed>
      ) : post === undefined ? (
        <Framed><Failure trouble={error} onRetry={() => void refetch()} /></Framed>
      ) : (
        <Opened key={slug} post={post} onGone={() => void refetch()} />
      )}
    </>
  );
}

/** What stands in place of a post has a way back, too. */
function Framed({ children }: { children: React.ReactNode }) {
  const insets = useSafeAreaInsets();
  return (
    <View role="main" style={styles.screen}>
      <TopBar isHidden={false} onFocus={() => {}}>
        <BackButton />
      </TopBar>
      <View style={[styles.screen, { paddingTop: BAR + insets.top }]}>{children}</View>
    </View>
  );
}

function Gone({ slug }: { slug: string }) {
  const client = useQueryClient();
  const router = useRouter();
  useEffect(() => forgetPost(client, slug), [client, slug]);
  return (
    <View role="alert" style={styles.screen}>
      <Empty title={strings.reading.gone} body={strings.reading.goneBody}>
        <Button label={strings.reading.toFeed} onPress={() => router.dismissTo('/')} />
      </Empty>
    </View>
  );
}

function BackButton() {
  const router = useRouter();
  return <IconButton icon="back" label={strings.back} onPress={() => (router.canGoBack() ? router.back() : router.replace('/'))} />;
}

function Opened({ post, onGone }: { post: Post; onGone: () => void }) {
  const insets = useSafeAreaInsets();
  const covered = BAR + insets.top;
  const bars = useBars();
  const scroller = useRef<ScrollView>(null);
  const reading = useReading(post.slug, post.blocks, covered, scroller);
  const listening = useListening(post.blocks, post.language);
  const isReduced = useReducedMotion();
  const acts = useActs(post, onGone);
  const router = useRouter();
  const [sheet, setSheet] = useState<SheetName | null>(null);
  const [note, setNote] = useState<NoteBlock | null>(null);
  const [touched, setTouched] = useState<string | null>(null);
  const [reported, setReported] = useState<string | null>(null);
  const close = (): void => setSheet(null);

  const { show } = reading;
  const spoken = listening.block;
  useEffect(() => {
    if (spoken !== null) show(spoken, !isReduced);
    // Only a new block moves the page, not what else is drawn anew meanwhile.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [spoken]);
  // Another screen lies over this one.
  const { stop } = listening;
  useFocusEffect(useCallback(() => stop, [stop]));

  const isKnown = useSession().person !== null;
  const goSignIn = useSignIn();
  const openReport = (block: string | null): void => {
    if (!isKnown) return goSignIn();
    setTouched(null);
    setReported(block);
    setSheet('report');
  };
  const openNote = (id: string): void => setNote(post.blocks.find((block): block is NoteBlock => block.t === 'note' && block.id === id) ?? null);
  const goTo = (where: 'comments' | 'how') => (): void => {
    close();
    router.push({ pathname: `/post/[slug]/${where}`, params: { slug: post.slug } });
  };
  const menu: MenuItem[] = [
    { icon: 'saved', label: strings.reading.saveTo, onPress: () => (isKnown ? setSheet('save') : acts.save()) },
    { icon: 'feed', label: strings.reading.sources, onPress: () => setSheet('sources') },
    { icon: 'check', label: strings.reading.how, onPress: goTo('how') },
    { icon: 'comment', label: strings.reading.report, onPress: () => { close(); openReport(reading.here()); } }, // prettier-ignore
    { icon: 'share', label: strings.post.share, onPress: () => { close(); acts.share(); } }, // prettier-ignore
  ];
  const viewer = post.viewer;
  return (
    <View role="main" style={styles.screen}>
      <TopBar isHidden={bars.areHidden} onFocus={bars.show}>
        <BackButton />
        <View style={styles.grow} />
        <IconButton icon="listen" label={strings.listening.start} on={listening.state !== 'off'} onPress={() => (listening.state === 'off' ? listening.start(reading.here() ?? undefined) : listening.stop())} />
        <IconButton icon="text" label={strings.reading.sheet} onPress={() => setSheet('reading')} />
        <IconButton icon="more" label={strings.reading.more} onPress={() => setSheet('menu')} />
      </TopBar>
      <ScrollView
        testID="post"
        ref={scroller}
        style={styles.screen}
        scrollEventThrottle={100}
        onScroll={(event) => {
          reading.onScroll(event);
          bars.onScroll(event);
        }}
        onLayout={reading.onView}
        onContentSizeChange={reading.onContent}
        contentContainerStyle={{ paddingTop: covered, paddingBottom: 2 * BAR + insets.bottom + space.xl }}
      >
        <OfflineNote />
        <Head post={post} />
        <Column onLayout={reading.onBody}>
          <Blocks
            blocks={post.blocks}
            language={post.language}
            spoken={spoken}
            onNote={openNote}
            onTouch={(id) => setTouched((before) => (before === id ? null : id))}
            touched={touched}
            actions={
              <View style={styles.actions}>
                <TextButton label={strings.listening.fromHere} onPress={() => { setTouched(null); listening.start(touched ?? undefined); }} />
                <TextButton label={strings.reading.report} onPress={() => openReport(touched)} />
              </View>
            }
            onLayoutOf={reading.onBlock}
          />
        </Column>
        <Column>
          <Corrections slug={post.slug} />
          <View style={styles.foot}>
            <Button label={strings.reading.how} kind="plain" onPress={goTo('how')} />
            <Button label={post.counts.comments === 0 ? strings.reading.toComments : strings.post.comments(post.counts.comments)} icon="comment" kind="plain" onPress={goTo('comments')} />
          </View>
        </Column>
      </ScrollView>
      <View pointerEvents="box-none" style={[styles.floating, { bottom: (bars.areHidden ? space.l : BAR + space.s) + insets.bottom }]}>
        <NoticePill reading={reading} />
        {listening.state !== 'off' && <ListenBar listening={listening} />}
      </View>
      <BottomBar isHidden={bars.areHidden} onFocus={bars.show}>
        <View role="toolbar" aria-label={strings.reading.marks} style={styles.marks}>
          <IconButton icon="like" label={viewer?.liked ? strings.post.unlike : strings.post.like} on={viewer?.liked ?? false} count={post.counts.likes} onPress={acts.like} />
          <IconButton icon="saved" label={viewer?.bookmarked ? strings.post.unsave : strings.post.save} on={viewer?.bookmarked ?? false} onPress={acts.save} />
          <IconButton icon="comment" label={strings.reading.toComments} count={post.counts.comments} onPress={goTo('comments')} />
          <IconButton icon="share" label={strings.post.share} onPress={acts.share} />
        </View>
      </BottomBar>
      <ReadingSheet open={sheet === 'reading'} onClose={close} />
      <PostMenu items={menu} open={sheet === 'menu'} onClose={close} />
      <SourcesSheet sources={post.sources} open={sheet === 'sources'} onClose={close} />
      <SaveSheet slug={post.slug} open={sheet === 'save'} onClose={close} onSave={(list) => { close(); acts.saveTo(list); }} />
      <PostReport post={post} block={reported} open={sheet === 'report'} onClose={close} />
      <PassageSheet note={note} language={post.language} onClose={() => setNote(null)} />
    </View>
  );
}

function Column({ children, onLayout }: { children: React.ReactNode; onLayout?: Reading['onBody'] }) {
  const { width } = usePrefs();
  return (
    <View onLayout={onLayout} style={[styles.column, { maxWidth: LINE_WIDTH[width] }]}>
      {children}
    </View>
  );
}

function Head({ post }: { post: Post }) {
  const disclosure = strings.post.disclosure[post.provenance.disclosure];
  const { data: author } = useQuery(authorOptions(post.author.handle));
  const router = useRouter();
  return (
    <Column>
      {post.cover !== null && <Cover picture={post.cover} />}
      <Text as="display" lang={post.language}>{post.title}</Text>
      {post.summary !== '' && <Text as="lead" tone="quiet" lang={post.language}>{post.summary}</Text>}
      <View style={styles.byline}>
        <Avatar name={post.author.name} avatar={post.author.avatar} size={40} />
        <Pressable role="link" style={styles.who} onPress={() => router.push({ pathname: '/author/[handle]', params: { handle: post.author.handle } })}>
          <Text as="label">{post.author.name}</Text>
          <Text as="small" tone="quiet">
            {`${ago(post.published_at)} · ${strings.post.minutes(post.reading_minutes)}`}
          </Text>
        </Pressable>
        <FollowButton of="author" name={post.author.handle} label={post.author.name} following={author?.viewer?.following ?? false} />
      </View>
      {disclosure !== '' && <Disclosure words={disclosure} />}
    </Column>
  );
}

function Disclosure({ words }: { words: string }) {
  const { colours } = useTheme();
  return (
    <View style={[styles.disclosure, { backgroundColor: colours.accentSoft }]}>
      <Text as="small">{words}</Text>
    </View>
  );
}

function Corrections({ slug }: { slug: string }) {
  const { data } = useInfiniteQuery(correctionsOptions(slug));
  const corrections = itemsOf(data);
  if (corrections.length === 0) return null;
  return (
    <View style={styles.corrections}>
      <Text as="heading">{strings.reading.corrections}</Text>
      {corrections.map(({ id, text, created_at }) => (
        <View key={id}>
          <Text selectable>{text}</Text>
          <Text as="small" tone="quiet">{ago(created_at)}</Text>
        </View>
      ))}
    </View>
  );
}

function NoticePill({ reading: { notice, toStart, goTo } }: { reading: Reading }) {
  const { colours } = useTheme();
  if (notice === null) return null;
  const isElsewhere = notice.t === 'elsewhere';
  const words = strings.reading;
  return (
    <View role="status" style={[styles.notice, { backgroundColor: colours.surface, borderColor: colours.line }]}>
      <Text as="small" tone="quiet" style={styles.noticeWords}>{isElsewhere ? words.elsewhere : words.continued}</Text>
      <TextButton label={isElsewhere ? words.goThere : words.toStart} onPress={isElsewhere ? () => goTo(notice.place) : toStart} />
    </View>
  );
}

/** Like, save and share: shown as done at once, taken back with a word if the blog refuses. */
function useActs(post: Post, onGone: () => void) {
  const isKnown = useSession().person !== null;
  const goSignIn = useSignIn();
  const like = useLike(post.slug);
  const bookmark = useBookmark(post.slug);
  const onError = (failure: unknown): void => {
    const trouble = asTrouble(failure);
    if (trouble.kind === 'gone') return onGone();
    const words = wordsOf(trouble);
    toast(`${words.title}. ${words.body}`);
  };
  const asSomebody = (act: () => void) => (): void => {
    if (!isKnown) return goSignIn();
    tick();
    act();
  };
  return {
    like: asSomebody(() => like.mutate(!(post.viewer?.liked ?? false), { onError })),
    save: asSomebody(() => bookmark.mutate({ on: !(post.viewer?.bookmarked ?? false) }, { onError })),
    saveTo: (list: string): void => {
      bookmark.mutate({ on: true, list: list === '' ? null : list }, { onError });
      toast(strings.reading.kept(list));
    },
    share: (): void => {
      void sharePost(post).then((how) => how === 'copied' && toast(strings.reading.copied));
    },
  };
}

const styles = StyleSheet.create({
  screen: { flex: 1 },
  grow: { flex: 1 },
  column: { width: '100%', alignSelf: 'center', paddingHorizontal: space.l, paddingVertical: space.m, gap: space.m },
  byline: { flexDirection: 'row', flexWrap: 'wrap', alignItems: 'center', gap: space.m },
  who: { flexGrow: 1, flexShrink: 1, minWidth: 120, minHeight: TARGET, justifyContent: 'center' },
  disclosure: { borderRadius: radius.m, paddingHorizontal: space.m, paddingVertical: space.s },
  corrections: { gap: space.m },
  foot: { gap: space.m, paddingTop: space.m },
  marks: { flex: 1, flexDirection: 'row', justifyContent: 'space-around' },
  actions: { flexDirection: 'row', flexWrap: 'wrap', gap: space.m },
  floating: { position: 'absolute', left: space.m, right: space.m, gap: space.s, zIndex: 3, alignItems: 'stretch', maxWidth: 560, alignSelf: 'center' },
  notice: { flexDirection: 'row', flexWrap: 'wrap', alignItems: 'center', justifyContent: 'space-between', borderWidth: 1, borderRadius: radius.l, paddingLeft: space.l, paddingRight: space.s },
  noticeWords: { flexShrink: 1 },
});
