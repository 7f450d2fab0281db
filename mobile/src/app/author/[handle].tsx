import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useLocalSearchParams } from 'expo-router';
import { StyleSheet, View } from 'react-native';

import { authorOptions, postsOptions } from '@/api/queries/posts';
import { Avatar } from '@/components/Avatar';
import { FollowButton } from '@/components/FollowButton';
import { PostList } from '@/components/PostList';
import { Empty, Failure, Loading, OfflineNote } from '@/components/States';
import { Text } from '@/components/Text';
import { WayBack } from '@/components/WayBack';
import { strings } from '@/strings';
import { space } from '@/theme';

export default function AuthorScreen() {
  const { handle } = useLocalSearchParams<{ handle: string }>();
  const author = useQuery(authorOptions(handle));
  const posts = useInfiniteQuery(postsOptions({ author: handle }));
  if (author.isPending) return <Loading />;
  if (author.data === undefined) return <Failure trouble={author.error} onRetry={() => void author.refetch()} />;
  const { name, avatar, bio, followers, viewer } = author.data;
  const header = (
    <View style={styles.header}>
      <View style={styles.who}>
        <Avatar name={name} avatar={avatar} size={64} />
        <View style={styles.fill}>
          <Text as="display">{name}</Text>
          <Text as="small" tone="quiet">
            {strings.follows.followers(followers)}
          </Text>
        </View>
      </View>
      {bio !== '' && <Text>{bio}</Text>}
      <View style={styles.acts}>
        <FollowButton of="author" name={handle} label={name} following={viewer?.following ?? false} />
      </View>
    </View>
  );
  return (
    <View role="main" style={styles.screen}>
      <WayBack title={name} isTitled={false} />
      <OfflineNote />
      <PostList query={posts} header={header} empty={<Empty title={strings.follows.authorEmpty} />} />
    </View>
  );
}

const styles = StyleSheet.create({
  screen: { flex: 1 },
  header: { padding: space.l, gap: space.m },
  who: { flexDirection: 'row', flexWrap: 'wrap', alignItems: 'center', gap: space.l },
  fill: { flexGrow: 1, flexShrink: 1, flexBasis: 220 },
  acts: { flexDirection: 'row' },
});
