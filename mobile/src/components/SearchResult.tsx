import { Link } from 'expo-router';
import { Pressable, StyleSheet, Text as NativeText } from 'react-native';

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
          <Marked runs={post.highlight.title} />
        </Text>
        <Text tone="quiet" numberOfLines={3} lang={post.language}>
          <Marked runs={post.highlight.snippet} />
        </Text>
        <Text as="small" tone="quiet">
          {strings.post.byline(post.author.name, ago(post.published_at))}
        </Text>
      </Pressable>
    </Link>
  );
}

/** Inside another text, whose size and colour it takes. */
function Marked({ runs }: { runs: Found['highlight']['title'] }) {
  const { colours } = useTheme();
  return runs.map((run, at) => {
    const words = run.text.replace(/\s+/g, ' ');
    if (!run.b) return words;
    return (
      <NativeText key={at} style={[styles.mark, { backgroundColor: colours.accentSoft }]}>
        {words}
      </NativeText>
    );
  });
}

const styles = StyleSheet.create({
  row: { paddingVertical: space.m, gap: space.xs, borderBottomWidth: StyleSheet.hairlineWidth },
  mark: { fontWeight: '700' },
});
