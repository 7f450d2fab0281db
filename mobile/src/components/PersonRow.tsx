import { Link } from 'expo-router';
import { Pressable, StyleSheet, View } from 'react-native';

import type { Schema } from '@/api/client';
import { strings } from '@/strings';
import { space, TARGET, useTheme } from '@/theme';

import { Avatar } from './Avatar';
import { FollowButton } from './FollowButton';
import { Text } from './Text';

/** An author in a list: who it is, and whether one follows. */
export function PersonRow({ author }: { author: Schema['AuthorView'] }) {
  const { colours } = useTheme();
  return (
    <View style={[styles.row, { borderColor: colours.line }]}>
      <Link href={{ pathname: '/author/[handle]', params: { handle: author.handle } }} asChild>
        <Pressable role="link" style={styles.who}>
          <Avatar name={author.name} avatar={author.avatar} size={40} />
          <View style={styles.fill}>
            <Text as="strong">{author.name}</Text>
            <Text as="small" tone="quiet" numberOfLines={2}>
              {author.bio === '' ? strings.follows.followers(author.followers) : author.bio}
            </Text>
          </View>
        </Pressable>
      </Link>
      <FollowButton of="author" name={author.handle} label={author.name} following={author.viewer?.following ?? false} />
    </View>
  );
}

/** A topic in a list: how many posts it has, and whether one follows. */
export function TagRow({ tag }: { tag: Schema['TagView'] }) {
  const { colours } = useTheme();
  return (
    <View style={[styles.row, { borderColor: colours.line }]}>
      <Link href={{ pathname: '/tag/[tag]', params: { tag: tag.tag } }} asChild>
        <Pressable role="link" style={styles.who}>
          <View style={styles.fill}>
            <Text as="strong">{tag.tag}</Text>
            <Text as="small" tone="quiet">
              {`${strings.follows.posts(tag.posts)} · ${strings.follows.followers(tag.followers)}`}
            </Text>
          </View>
        </Pressable>
      </Link>
      <FollowButton of="tag" name={tag.tag} label={tag.tag} following={tag.viewer?.following ?? false} />
    </View>
  );
}

const styles = StyleSheet.create({
  row: { flexDirection: 'row', alignItems: 'center', flexWrap: 'wrap', gap: space.m, paddingVertical: space.s, borderBottomWidth: StyleSheet.hairlineWidth },
  who: { flexDirection: 'row', alignItems: 'center', gap: space.m, flexGrow: 1, flexShrink: 1, flexBasis: 180, minHeight: TARGET },
  fill: { flex: 1 },
});
