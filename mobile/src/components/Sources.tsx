/** What a post rests on: all its sources, and the one passage behind a mark. */
import { StyleSheet, View } from 'react-native';

import type { Schema } from '@/api/client';
import { follow, safeAddress } from '@/lib/address';
import { strings } from '@/strings';
import { space, useTheme } from '@/theme';

import { Runs, type NoteBlock } from './Blocks';
import { LinkText } from './BlocksLink';
import { Button } from './Button';
import { Sheet } from './Sheet';
import { Text } from './Text';

type Source = Schema['SourceView'];

export function SourcesSheet({ sources, open, onClose }: { sources: readonly Source[]; open: boolean; onClose: () => void }) {
  return (
    <Sheet title={strings.reading.sources} open={open} onClose={onClose}>
      <SourceList sources={sources} />
    </Sheet>
  );
}

export function SourceList({ sources }: { sources: readonly Source[] }) {
  if (sources.length === 0) return <Text tone="quiet">{strings.reading.sourcesNone}</Text>;
  return sources.map((source, index) => <SourceText key={index} source={source} />);
}

function SourceText({ source }: { source: Source }) {
  const { colours } = useTheme();
  return (
    <View style={styles.source}>
      {safeAddress(source.url) === null ? (
        <>
          <Text as="strong">{source.title}</Text>
          <Text as="small" tone="quiet">{strings.reading.sourceGiven}</Text>
        </>
      ) : (
        <Text as="strong">
          <LinkText href={source.url ?? ''}>{source.title}</LinkText>
        </Text>
      )}
      {source.quotes.map((quote, index) => (
        <Text key={index} tone="quiet" selectable style={[styles.quote, { borderColor: colours.line }]}>
          {quote}
        </Text>
      ))}
    </View>
  );
}

export function PassageSheet({ note, language, onClose }: { note: NoteBlock | null; language: string; onClose: () => void }) {
  return (
    <Sheet title={strings.reading.passage(note?.label ?? '')} open={note !== null} onClose={onClose}>
      {note !== null && (
        <>
          <Text as="prose" selectable lang={language}>
            <Runs runs={note.runs} language={language} onNote={() => {}} />
          </Text>
          {safeAddress(note.href) !== null && (
            <Button label={strings.reading.openSource} kind="plain" onPress={() => follow(note.href)} />
          )}
        </>
      )}
    </Sheet>
  );
}

const styles = StyleSheet.create({
  source: { gap: space.s },
  quote: { borderLeftWidth: 3, paddingLeft: space.m },
});
