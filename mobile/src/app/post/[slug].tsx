import { useQuery } from '@tanstack/react-query';
import { Stack, useLocalSearchParams } from 'expo-router';
import { ScrollView, View } from 'react-native';

import { postOptions, type Block, type Run } from '@/api/queries/posts';
import { Cover } from '@/components/Cover';
import { Failure, Loading } from '@/components/States';
import { Text } from '@/components/Text';
import { ago } from '@/lib/time';
import { LINE_WIDTH, usePrefs } from '@/state/prefs';
import { strings } from '@/strings';
import { space } from '@/theme';

export default function PostScreen() {
  const { slug } = useLocalSearchParams<{ slug: string }>();
  const { data: post, error, isPending, refetch } = useQuery(postOptions(slug));
  const { width } = usePrefs();
  if (isPending) return <Loading />;
  if (post === undefined) return <Failure trouble={error} onRetry={() => void refetch()} />;
  const column = { padding: space.l, gap: space.l, maxWidth: LINE_WIDTH[width], width: '100%', alignSelf: 'center' } as const;
  return (
    <ScrollView role="main">
      <Stack.Screen options={{ title: post.title }} />
      <View style={column}>
        <Text as="display" lang={post.language}>{post.title}</Text>
        <Text as="small" tone="quiet">{strings.post.byline(post.author.name, ago(post.published_at))}</Text>
        <Text as="small" tone="quiet">{strings.post.disclosure[post.provenance.disclosure]}</Text>
        {post.cover !== null && <Cover picture={post.cover} />}
        {post.blocks.map((block) => {
          const words = wordsOfBlock(block);
          return words === '' ? null : <Text key={block.id} as={block.t === 'h' ? 'title' : 'prose'} selectable>{words}</Text>;
        })}
      </View>
    </ScrollView>
  );
}

/** The words of a block; a block of a kind that this app does not know has none, and is skipped. */
function wordsOfBlock(block: Block): string {
  const plain = (runs: readonly Run[]): string => runs.map((run) => run.text).join('');
  if ('runs' in block) return plain(block.runs);
  if ('items' in block) return block.items.map((item) => `• ${plain(item)}`).join('\n');
  if ('text' in block) return block.text;
  return '';
}
