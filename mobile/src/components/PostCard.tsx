import { Link } from 'expo-router';
import { memo } from 'react';
import { Pressable, StyleSheet, View } from 'react-native';

import type { PostCardItem } from '@/api/queries/cache';
import { ago } from '@/lib/time';
import { strings } from '@/strings';
import { space, useTheme } from '@/theme';

import { Avatar } from './Avatar';
import { Cover } from './Cover';
import { Icon, type IconName } from './Icon';
import { Text } from './Text';

interface Props {
  post: PostCardItem;
  reason?: string;
  /** Something of the same post follows below: no line closes the card. */
  isOpen?: boolean;
}

/** A post in a list. The card has no label of its own: what it shows is what is read out. */
export const PostCard = memo(function PostCard({ post, reason, isOpen = false }: Props) {
  const { colours } = useTheme();
  const minutes = strings.post.minutes(post.reading_minutes);
  const disclosure = strings.post.disclosure[post.provenance.disclosure];
  return (
    <Link href={{ pathname: '/post/[slug]', params: { slug: post.slug } }} asChild>
      <Pressable role="link" style={StyleSheet.flatten([styles.card, { borderColor: colours.line }, isOpen && styles.open])}>
        {post.cover !== null && <Cover picture={post.cover} />}
        <View style={styles.words}>
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
        </View>
        <View style={styles.byline}>
          <Avatar name={post.author.name} avatar={post.author.avatar} />
          <View style={styles.who}>
            <Text as="small" tone="quiet">
              {strings.post.byline(post.author.name, `${ago(post.published_at)} · ${minutes}`)}
            </Text>
            {disclosure !== '' && (
              <Text as="small" tone="quiet">
                {disclosure}
              </Text>
            )}
          </View>
        </View>
        <Marks post={post} />
      </Pressable>
    </Link>
  );
});

/** What others and oneself did with it; nothing where nobody did anything. */
function Marks({ post: { counts, viewer } }: { post: PostCardItem }) {
  const percent = Math.round((viewer?.progress ?? 0) * 100);
  const isOwn = viewer !== null && (viewer.liked || viewer.bookmarked || percent > 0);
  if (counts.likes === 0 && counts.comments === 0 && !isOwn) return null;
  return (
    <View style={styles.marks}>
      {(counts.likes > 0 || viewer?.liked) && (
        <Mark icon="like" on={viewer?.liked ?? false} words={viewer?.liked ? `${counts.likes} · ${strings.reading.liked}` : strings.post.likes(counts.likes)} />
      )}
      {counts.comments > 0 && <Mark icon="comment" words={strings.post.comments(counts.comments)} />}
      {viewer?.bookmarked && <Mark icon="saved" on words={strings.reading.saved} />}
      {percent > 0 && <Mark icon="text" words={strings.reading.read(percent)} />}
    </View>
  );
}

function Mark({ icon, on = false, words }: { icon: IconName; on?: boolean; words: string }) {
  return (
    <View style={styles.mark}>
      <Icon name={icon} size={16} tone={on ? 'accent' : 'quiet'} filled={on} />
      <Text as="small" tone={on ? 'accent' : 'quiet'}>
        {words}
      </Text>
    </View>
  );
}

const styles = StyleSheet.create({
  card: { padding: space.l, gap: space.m, borderBottomWidth: StyleSheet.hairlineWidth, width: '100%', maxWidth: 680, alignSelf: 'center' },
  open: { borderBottomWidth: 0, paddingBottom: 0 },
  words: { gap: space.xs },
  byline: { flexDirection: 'row', alignItems: 'center', gap: space.s },
  who: { flex: 1 },
  marks: { flexDirection: 'row', flexWrap: 'wrap', columnGap: space.l, rowGap: space.xs },
  mark: { flexDirection: 'row', alignItems: 'center', gap: space.xs },
});
