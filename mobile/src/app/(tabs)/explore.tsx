import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useLocalSearchParams } from 'expo-router';
import { useState } from 'react';
import { ScrollView, StyleSheet, View } from 'react-native';

import { itemsOf } from '@/api/queries/cache';
import { authorsOptions, searchOptions, tagsOptions } from '@/api/queries/posts';
import { Button } from '@/components/Button';
import { Chip } from '@/components/Chip';
import { PersonRow, TagRow } from '@/components/PersonRow';
import { Screen } from '@/components/Screen';
import { SearchBox } from '@/components/SearchBox';
import { SearchResult } from '@/components/SearchResult';
import { Empty, Failure, Loading } from '@/components/States';
import { Text } from '@/components/Text';
import { TextButton } from '@/components/TextButton';
import { useSettled } from '@/lib/settled';
import { forgetSearches, keepSearch, useSearches } from '@/state/searches';
import { strings } from '@/strings';
import { space } from '@/theme';

const WAIT_MS = 300;
/** So many topics stand there before one asks for more. */
const FIRST_TAGS = 6;

export default function Explore() {
  const { q } = useLocalSearchParams<{ q?: string }>();
  const [typed, setTyped] = useState(q ?? '');
  const [settled, settle] = useSettled(typed.trim(), WAIT_MS);
  const isSearching = typed.trim() !== '';
  const submit = (): void => {
    settle(typed.trim());
    keepSearch(typed);
  };
  const searchFor = (words: string): void => {
    setTyped(words);
    settle(words);
    keepSearch(words);
  };
  return (
    <Screen title={strings.explore.title}>
      <View style={styles.column}>
        <SearchBox text={typed} onType={setTyped} onSubmit={submit} />
      </View>
      <ScrollView keyboardShouldPersistTaps="handled" contentContainerStyle={[styles.column, styles.body]}>
        {isSearching ? <Found q={settled} onOpen={() => keepSearch(settled)} /> : <Recent onChoose={searchFor} />}
        {!isSearching && <Topics />}
        {!isSearching && <Authors />}
      </ScrollView>
    </Screen>
  );
}

/** Answers to an older question are cancelled, and never shown: each question has its own place in the cache. */
function Found({ q, onOpen }: { q: string; onOpen: () => void }) {
  const found = useQuery(searchOptions(q));
  if (q === '' || found.isPending) return <Loading />;
  if (found.isError) return <Failure trouble={found.error} onRetry={() => void found.refetch()} />;
  const { items, has_all_words } = found.data;
  if (items.length === 0) {
    return (
      <>
        <Empty title={strings.explore.nothing(q)} body={strings.explore.nothingBody} />
        <Topics />
      </>
    );
  }
  return (
    <View>
      <Text as="small" tone="quiet" role="status">
        {has_all_words ? strings.explore.results(items.length) : strings.explore.someWords}
      </Text>
      {items.map((post) => (
        <SearchResult key={post.slug} post={post} onOpen={onOpen} />
      ))}
    </View>
  );
}

function Recent({ onChoose }: { onChoose: (words: string) => void }) {
  const searches = useSearches();
  if (searches.length === 0) {
    return (
      <Text as="small" tone="quiet">
        {strings.explore.hint}
      </Text>
    );
  }
  return (
    <View style={styles.section}>
      <View style={styles.head}>
        <Text as="heading" style={styles.fill}>
          {strings.explore.recent}
        </Text>
        <TextButton label={strings.explore.forget} onPress={forgetSearches} />
      </View>
      <View style={styles.chips}>
        {searches.map((words) => (
          <Chip key={words} label={words} onPress={() => onChoose(words)} />
        ))}
      </View>
    </View>
  );
}

function Topics() {
  const tags = useInfiniteQuery(tagsOptions());
  const [isWhole, setWhole] = useState(false);
  const found = itemsOf(tags.data);
  const shown = isWhole ? found : found.slice(0, FIRST_TAGS);
  const isMore = shown.length < found.length || (isWhole && tags.hasNextPage);
  const more = (): void => {
    if (isWhole) void tags.fetchNextPage();
    setWhole(true);
  };
  if (tags.isPending) return <Loading />;
  if (tags.isError && found.length === 0) return <Failure trouble={tags.error} onRetry={() => void tags.refetch()} />;
  if (found.length === 0) return <Empty title={strings.explore.empty} body={strings.explore.emptyBody} />;
  return (
    <View style={styles.section}>
      <Text as="heading">{strings.explore.tags}</Text>
      <View>
        {shown.map((tag) => (
          <TagRow key={tag.tag} tag={tag} />
        ))}
      </View>
      {isMore && <Button kind="plain" label={strings.more} busy={tags.isFetchingNextPage} onPress={more} />}
    </View>
  );
}

function Authors() {
  const authors = useInfiniteQuery(authorsOptions());
  const found = itemsOf(authors.data);
  if (found.length === 0) return null; // the topics above say what is wrong
  return (
    <View style={styles.section}>
      <Text as="heading">{strings.explore.authors}</Text>
      <View>
        {found.map((author) => (
          <PersonRow key={author.handle} author={author} />
        ))}
      </View>
      {authors.hasNextPage && (
        <Button kind="plain" label={strings.more} busy={authors.isFetchingNextPage} onPress={() => void authors.fetchNextPage()} />
      )}
    </View>
  );
}

const styles = StyleSheet.create({
  column: { width: '100%', maxWidth: 720, alignSelf: 'center', paddingHorizontal: space.l },
  body: { paddingVertical: space.l, gap: space.xl },
  section: { gap: space.s },
  head: { flexDirection: 'row', alignItems: 'center', flexWrap: 'wrap', gap: space.s },
  chips: { flexDirection: 'row', flexWrap: 'wrap', gap: space.s },
  fill: { flex: 1 },
});
