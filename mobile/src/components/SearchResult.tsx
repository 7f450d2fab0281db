import { Link } from 'expo-router';
import { Pressable, StyleSheet } from 'react-native';

import type { Schema } from '@/api/client';
import { ago } from '@/lib/time';
import { strings } from '@/strings';
import { space, useTheme } from '@/theme';

import { Text } from './Text';

type Found = Schema['HitList']['items'][number];

/** A post that was found, with the words that were looked for. */
export function SearchResult({ post, onOpen }: { post: Found; onOpen: () => void }) {
  const { colours } = useTheme();
  return (
    <Link href={{ pathname: '/post/[slug]', params: { slug: post.slug } }} asChild onPress={onOpen}>
      <Pressable role="link" style={StyleSheet.flatten([styles.row, { borderColor: colours.line }])}>
        <Text as="heading" lang={post.language}>
          <Marked runs={post.highlight.title} as="heading" />
        </Text>
        <Text tone="quiet" numberOfLines={3} lang={post.language}>
          <Marked runs={post.highlight.snippet} as="body" />
        </Text>
        <Text as="small" tone="quiet">
          {strings.post.byline(post.author.name, ago(post.published_at))}
        </Text>
      </Pressable>
    </Link>
  );
}

function Marked({ runs, as }: { runs: Found['highlight']['title']; as: 'heading' | 'body' }) {
  const { colours } = useTheme();
  return runs.map((run, at) => {
    const words = run.text.replace(/\s+/g, ' ');
    if (!run.b) return words;
    return (
      <Text key={at} as={as} accessibilityRole="none" style={[styles.mark, { backgroundColor: colours.accentSoft }]}>
        {words}
      </Text>
    );
  });
}

const styles = StyleSheet.create({
  row: { paddingVertical: space.m, gap: space.xs, borderBottomWidth: StyleSheet.hairlineWidth },
  mark: { fontWeight: '700' },
});
