import { useInfiniteQuery } from '@tanstack/react-query';
import { FlatList } from 'react-native';

import { itemsOf } from '@/api/queries/cache';
import { feedOptions } from '@/api/queries/feed';
import { PostCard } from '@/components/PostCard';
import { Screen } from '@/components/Screen';
import { Empty, Failure, Loading } from '@/components/States';
import { strings } from '@/strings';

export default function Feed() {
  const feed = useInfiniteQuery(feedOptions('latest'));
  const posts = itemsOf(feed.data);
  return (
    <Screen title={strings.feed.title}>
      {feed.isPending ? (
        <Loading />
      ) : feed.isError && posts.length === 0 ? (
        <Failure trouble={feed.error} onRetry={() => void feed.refetch()} />
      ) : (
        <FlatList
          data={posts}
          keyExtractor={(post) => post.slug}
          renderItem={({ item }) => <PostCard post={item} />}
          onEndReached={() => feed.hasNextPage && !feed.isFetching && void feed.fetchNextPage()}
          refreshing={feed.isRefetching}
          onRefresh={() => void feed.refetch()}
          ListEmptyComponent={<Empty title={strings.feed.empty} body={strings.feed.emptyBody} />}
        />
      )}
    </Screen>
  );
}
