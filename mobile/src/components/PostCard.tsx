import { Link } from 'expo-router';
import { memo } from 'react';
import { Pressable, StyleSheet, View } from 'react-native';

import type { PostCardItem } from '@/api/queries/cache';
import { ago } from '@/lib/time';
import { strings } from '@/strings';
import { space, useTheme } from '@/theme';

import { Avatar } from './Avatar';
import { Cover } from './Cover';
import { Text } from './Text';

/** A post in a list. The card has no label of its own: what it shows is what is read out. */
export const PostCard = memo(function PostCard({ post, reason }: { post: PostCardItem; reason?: string }) {
  const { colours } = useTheme();
  const minutes = strings.post.minutes(post.reading_minutes);
  return (
    <Link href={{ pathname: '/post/[slug]', params: { slug: post.slug } }} asChild>
      <Pressable role="link" style={StyleSheet.flatten([styles.card, { borderColor: colours.line }])}>
        {post.cover !== null && <Cover picture={post.cover} />}
        {reason !== undefined && (
          <Text as="small" tone="accent">
            {reason}
          </Text>
        )}
        <Text as="title" lang={post.language}>
          {post.title}
        </Text>
        <Text tone="quiet" numberOfLines={3} lang={post.language}>
          {post.summary}
        </Text>
        <View style={styles.byline}>
          <Avatar name={post.author.name} avatar={post.author.avatar} />
          <Text as="small" tone="quiet" style={styles.who}>
            {strings.post.byline(post.author.name, `${ago(post.published_at)} · ${minutes}`)}
          </Text>
        </View>
      </Pressable>
    </Link>
  );
});

const styles = StyleSheet.create({
  card: { padding: space.l, gap: space.s, borderBottomWidth: StyleSheet.hairlineWidth },
  byline: { flexDirection: 'row', alignItems: 'center', gap: space.s, marginTop: space.xs },
  who: { flex: 1 },
});
