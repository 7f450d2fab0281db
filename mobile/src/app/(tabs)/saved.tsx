import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { FlatList, ScrollView, StyleSheet, View } from 'react-native';

import { bookmarksOptions, historyOptions } from '@/api/queries/social';
import { Chip } from '@/components/Chip';
import { PostCard } from '@/components/PostCard';
import { PostList } from '@/components/PostList';
import { SavedRow } from '@/components/SavedRow';
import { Screen } from '@/components/Screen';
import { SignedOut } from '@/components/SignedOut';
import { Empty, Loading } from '@/components/States';
import { keptPosts, useKept } from '@/state/kept';
import { useSession } from '@/state/session';
import { strings } from '@/strings';
import { space } from '@/theme';

/** What is looked at. A list's name is its own kind: a list may be called "history". */
type Shelf = { of: 'all' } | { of: 'device' } | { of: 'history' } | { of: 'list'; name: string };

export default function Saved() {
  const { person } = useSession();
  const [shelf, setShelf] = useState<Shelf>({ of: 'all' });
  if (person === null) {
    return (
      <Screen title={strings.saved.title}>
        <SignedOut title={strings.saved.signedOut} body={strings.saved.signedOutBody} />
      </Screen>
    );
  }
  return (
    <Screen title={strings.saved.title}>
      <Shelves shelf={shelf} onChoose={setShelf} />
      {shelf.of === 'device' ? (
        <OnDevice />
      ) : shelf.of === 'history' ? (
        <History />
      ) : (
        <Bookmarks list={shelf.of === 'list' ? shelf.name : undefined} />
      )}
    </Screen>
  );
}

function Shelves({ shelf, onChoose }: { shelf: Shelf; onChoose: (shelf: Shelf) => void }) {
  const lists = useInfiniteQuery(bookmarksOptions()).data?.pages[0];
  const isList = (name: string): boolean => shelf.of === 'list' && shelf.name === name;
  return (
    <View>
      <ScrollView horizontal showsHorizontalScrollIndicator={false} contentContainerStyle={styles.shelves}>
        <Chip label={strings.saved.all} on={shelf.of === 'all'} onPress={() => onChoose({ of: 'all' })} />
        <Chip label={strings.saved.device} on={shelf.of === 'device'} onPress={() => onChoose({ of: 'device' })} />
        <Chip label={strings.saved.history} on={shelf.of === 'history'} onPress={() => onChoose({ of: 'history' })} />
        {lists?.lists.map(({ name, posts }) => (
          <Chip key={name} label={strings.saved.listWith(name, posts)} on={isList(name)} onPress={() => onChoose({ of: 'list', name })} />
        ))}
        {lists !== undefined && lists.lists.length > 0 && lists.unlisted > 0 && (
          <Chip
            label={strings.saved.listWith(strings.saved.unlisted, lists.unlisted)}
            on={isList('')}
            onPress={() => onChoose({ of: 'list', name: '' })}
          />
        )}
      </ScrollView>
    </View>
  );
}

function Bookmarks({ list }: { list: string | undefined }) {
  const bookmarks = useInfiniteQuery(bookmarksOptions(list));
  const lists = bookmarks.data?.pages[0]?.lists.map(({ name }) => name) ?? [];
  const kept = useKept();
  const empty =
    list === undefined ? <Empty title={strings.saved.empty} body={strings.saved.emptyBody} /> : <Empty title={strings.saved.listEmpty} />;
  return (
    <PostList
      query={bookmarks}
      empty={empty}
      below={(post) => <SavedRow post={post} list={post.list} lists={lists} isKept={kept?.includes(post.slug) ?? false} />}
    />
  );
}

function History() {
  const history = useInfiniteQuery(historyOptions());
  const kept = useKept();
  return (
    <PostList
      query={history}
      empty={<Empty title={strings.saved.historyEmpty} body={strings.saved.historyEmptyBody} />}
      below={(post) => <SavedRow post={post} lists={[]} isKept={kept?.includes(post.slug) ?? false} />}
    />
  );
}

/** What is kept here needs no network, neither to be listed nor to be read. */
function OnDevice() {
  const kept = useKept();
  const posts = useQuery({
    queryKey: ['kept', kept] as const,
    queryFn: () => keptPosts(kept ?? []),
    enabled: kept !== null,
    staleTime: Infinity,
    gcTime: 0,
  });
  if (posts.isPending) return <Loading />;
  return (
    <FlatList
      data={posts.data ?? []}
      keyExtractor={(post) => post.slug}
      renderItem={({ item }) => (
        <View style={styles.column}>
          <PostCard post={item} isOpen />
          <SavedRow post={item} lists={[]} isKept />
        </View>
      )}
      ListEmptyComponent={<Empty title={strings.saved.deviceEmpty} body={strings.saved.deviceEmptyBody} />}
    />
  );
}

const styles = StyleSheet.create({
  shelves: { gap: space.s, paddingHorizontal: space.l, paddingBottom: space.m },
  column: { width: '100%', maxWidth: 680, alignSelf: 'center' },
});
