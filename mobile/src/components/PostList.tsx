import type { InfiniteData, UseInfiniteQueryResult } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { FlatList, StyleSheet, View } from 'react-native';

import { itemsOf, type PostCardItem } from '@/api/queries/cache';
import { asTrouble } from '@/api/trouble';
import { strings, wordsOf } from '@/strings';
import { space } from '@/theme';

import { Button } from './Button';
import { PostCard } from './PostCard';
import { Failure, Loading } from './States';
import { Text } from './Text';

interface Props<T extends PostCardItem> {
  query: UseInfiniteQueryResult<InfiniteData<{ items: T[] }>>;
  empty: ReactElement;
  header?: ReactElement;
  /** Below the card: what else is known of the post here. */
  below?: (post: T) => ReactElement | null;
}

/** Posts by the page, below a header: loading, failed, empty, and filled. */
export function PostList<T extends PostCardItem>({ query, empty, header, below }: Props<T>) {
  const posts = itemsOf(query.data);
  const standing = (): ReactElement => {
    if (query.isPending) return <Loading />;
    if (query.isError) return <Failure trouble={query.error} onRetry={() => void query.refetch()} />;
    return empty;
  };
  const end = (): ReactElement | null => {
    if (posts.length === 0) return null;
    if (query.isFetchNextPageError) {
      return (
        <View style={styles.end}>
          <Text tone="quiet" role="alert">
            {wordsOf(asTrouble(query.error)).title}
          </Text>
          <Button kind="plain" label={strings.retry} onPress={() => void query.fetchNextPage()} />
        </View>
      );
    }
    return query.isFetchingNextPage ? <Loading /> : null;
  };
  return (
    <FlatList
      data={posts}
      keyExtractor={(post) => post.slug}
      renderItem={({ item }) => (
        <View style={styles.column}>
          <PostCard post={item} isOpen={below !== undefined} />
          {below?.(item)}
        </View>
      )}
      onEndReached={() => query.hasNextPage && !query.isFetching && void query.fetchNextPage()}
      refreshing={query.isRefetching && !query.isFetchingNextPage}
      onRefresh={() => void query.refetch()}
      ListHeaderComponent={header === undefined ? null : <View style={styles.column}>{header}</View>}
      ListEmptyComponent={standing()}
      ListFooterComponent={end()}
    />
  );
}

const styles = StyleSheet.create({
  column: { width: '100%', maxWidth: 680, alignSelf: 'center' },
  end: { padding: space.l, gap: space.m, alignItems: 'center' },
});
