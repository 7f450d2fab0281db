import { useInfiniteQuery } from '@tanstack/react-query';
import { useLocalSearchParams } from 'expo-router';
import { useEffect } from 'react';
import { StyleSheet, View } from 'react-native';

import type { Schema } from '@/api/client';
import { itemsOf } from '@/api/queries/cache';
import { postsOptions, tagsOptions } from '@/api/queries/posts';
import { FollowButton } from '@/components/FollowButton';
import { PostList } from '@/components/PostList';
import { Empty, OfflineNote } from '@/components/States';
import { Text } from '@/components/Text';
import { WayBack } from '@/components/WayBack';
import { strings } from '@/strings';
import { space } from '@/theme';

export default function TagScreen() {
  const { tag } = useLocalSearchParams<{ tag: string }>();
  const posts = useInfiniteQuery(postsOptions({ tag }));
  const standing = useStanding(tag);
  const header = (
    <View style={styles.header}>
      <Text as="display">{tag}</Text>
      {standing !== undefined && (
        <>
          <Text as="small" tone="quiet">
            {`${strings.follows.posts(standing.posts)} · ${strings.follows.followers(standing.followers)}`}
          </Text>
          <View style={styles.acts}>
            <FollowButton of="tag" name={standing.tag} label={standing.tag} following={standing.viewer?.following ?? false} />
          </View>
        </>
      )}
    </View>
  );
  return (
    <View role="main" style={styles.screen}>
      <WayBack title={tag} isTitled={false} />
      <OfflineNote />
      <PostList query={posts} header={header} empty={<Empty title={strings.follows.tagEmpty(tag)} />} />
    </View>
  );
}

/** How often the tag stands, and whether one follows it: the list of tags says, the most frequent first. */
function useStanding(tag: string): Schema['TagView'] | undefined {
  const tags = useInfiniteQuery(tagsOptions());
  const standing = itemsOf(tags.data).find((one) => one.tag === tag.toLowerCase());
  const { hasNextPage, isFetching, isError, fetchNextPage } = tags;
  useEffect(() => {
    if (standing === undefined && hasNextPage && !isFetching && !isError) void fetchNextPage();
  }, [standing, hasNextPage, isFetching, isError, fetchNextPage]);
  return standing;
}

const styles = StyleSheet.create({
  screen: { flex: 1 },
  header: { padding: space.l, gap: space.s },
  acts: { flexDirection: 'row' },
});
