import { Linking, Platform, ScrollView, StyleSheet, View } from 'react-native';

import { partsOf, piecesOf, webAddress, type SaidRun } from '@/lib/said';
import { radius, space, useTheme } from '@/theme';

import { Text } from './Text';

/** What somebody wrote, drawn by native components: no HTML, and no address but those of the web. */
export function CommentText({ blocks }: { blocks: unknown }) {
  const { colours } = useTheme();
  return (
    <View style={styles.parts}>
      {partsOf(blocks).map((part, at) => {
        if (part.t === 'code') {
          return (
            <ScrollView key={at} horizontal tabIndex={0} style={[styles.code, { backgroundColor: colours.sunken }]}>
              <Text selectable style={styles.mono}>
                {part.text}
              </Text>
            </ScrollView>
          );
        }
        if (part.t === 'list') {
          return (
            <View key={at} role="list" style={styles.parts}>
              {part.items.map((item, row) => (
                <View key={row} role="listitem" style={styles.item}>
                  <Text tone="quiet">{item.mark}</Text>
                  <Text selectable style={styles.fill}>
                    <Runs runs={item.runs} />
                  </Text>
                </View>
              ))}
            </View>
          );
        }
        const isQuote = part.t === 'quote';
        return (
          <Text key={at} selectable style={isQuote && [styles.quote, { borderColor: colours.line }]}>
            <Runs runs={part.runs} tone={isQuote ? 'quiet' : 'ink'} />
          </Text>
        );
      })}
    </View>
  );
}

function Runs({ runs, tone = 'ink' }: { runs: SaidRun[]; tone?: 'ink' | 'quiet' }) {
  return runs.map((run, at) => <Run key={at} run={run} tone={tone} />);
}

function Run({ run, tone }: { run: SaidRun; tone: 'ink' | 'quiet' }) {
  const { colours } = useTheme();
  const look = [run.bold && styles.bold, run.slanted && styles.slanted, run.code && [styles.mono, { backgroundColor: colours.sunken }]];
  if (run.href !== null) {
    return (
      <Text {...linkTo(run.href)} tone="accent" style={[look, styles.link]}>
        {run.text}
      </Text>
    );
  }
  if (run.code) return <Text tone={tone} style={look}>{run.text}</Text>;
  return piecesOf(run.text).map((piece, at) => (
    <Text key={at} tone={piece.isMention ? 'accent' : tone} style={look}>
      {piece.text}
    </Text>
  ));
}

/** A browser gets a real link, with its own menu and status line; a phone opens it outside the app. */
function linkTo(href: string): object {
  const safe = webAddress(href);
  if (safe === null) return {};
  if (Platform.OS === 'web') return { href: safe, hrefAttrs: { target: '_blank', rel: 'noopener noreferrer nofollow ugc' } };
  return { role: 'link', onPress: () => void Linking.openURL(safe).catch(() => {}) };
}

const styles = StyleSheet.create({
  parts: { gap: space.s },
  item: { flexDirection: 'row', gap: space.s },
  fill: { flex: 1 },
  quote: { borderLeftWidth: 3, paddingLeft: space.m },
  code: { borderRadius: radius.s, padding: space.m, flexGrow: 0 },
  mono: { fontFamily: Platform.select({ ios: 'Menlo', default: 'monospace' }) },
  bold: { fontWeight: '700' },
  slanted: { fontStyle: 'italic' },
  link: { textDecorationLine: 'underline' },
});
