/** The body of a post, drawn from its blocks. What this app does not know is left out. */
import { memo, useState } from 'react';
import { Platform, Pressable, ScrollView, StyleSheet, Text as Inline, View, type LayoutChangeEvent } from 'react-native';

import { IS_WEB, type Schema } from '@/api/client';
import type { Block, Run } from '@/api/queries/posts';
import { safeAddress } from '@/lib/address';
import { usePrefs } from '@/state/prefs';
import { strings } from '@/strings';
import { radius, space, useTheme } from '@/theme';

import { LinkText } from './BlocksLink';
import { Cover } from './Cover';
import { Text } from './Text';

const MONO = Platform.select({ ios: 'Menlo', default: 'monospace' });

export type NoteBlock = Schema['Note'];

interface Common {
  language: string;
  /** A mark of a source was touched. */
  onNote: (id: string) => void;
  /** A block was touched: what can be done with it? */
  onTouch?: ((id: string) => void) | undefined;
}

interface Props extends Common {
  blocks: readonly Block[];
  /** The block that is being read aloud. */
  spoken?: string | null;
  /** The block that was touched, and what then lies over its lower edge (so that no line moves). */
  touched?: string | null;
  actions?: React.ReactNode;
  onLayoutOf?: ((id: string, y: number, height: number) => void) | undefined;
}

export function Blocks({ blocks, spoken = null, touched = null, actions, onLayoutOf, ...common }: Props) {
  const notes = blocks.filter((block): block is NoteBlock => block.t === 'note');
  return (
    <View style={styles.blocks}>
      {blocks.map((block) =>
        isDrawn(block) ? (
          <Placed key={block.id} id={block.id} isSpoken={block.id === spoken} onLayoutOf={onLayoutOf} onTouch={common.onTouch} actions={block.id === touched ? actions : null}>
            <Drawn block={block} {...common} />
          </Placed>
        ) : null,
      )}
      {notes.length > 0 && (
        <Text as="heading" style={styles.notes}>
          {strings.reading.notes}
        </Text>
      )}
      {notes.map((note) => (
        <Placed key={note.id} id={note.id} isSpoken={false} onLayoutOf={onLayoutOf} onTouch={common.onTouch}>
          <Note note={note} {...common} />
        </Placed>
      ))}
    </View>
  );
}

/** The kinds that are drawn in their order; notes stand at the end. */
const DRAWN: ReadonlySet<string> = new Set(['p', 'h', 'quote', 'ul', 'ol', 'code', 'img', 'hr', 'table']);

export function isDrawn(block: Block): boolean {
  return DRAWN.has(block.t);
}

interface PlacedProps {
  id: string;
  isSpoken: boolean;
  onLayoutOf?: Props['onLayoutOf'];
  onTouch?: Common['onTouch'];
  actions?: React.ReactNode;
  children: React.ReactNode;
}

function Placed({ id, isSpoken, onLayoutOf, onTouch, actions, children }: PlacedProps) {
  const { colours } = useTheme();
  const measured = ({ nativeEvent: { layout } }: LayoutChangeEvent): void => onLayoutOf?.(id, layout.y, layout.height);
  const marked = isSpoken && [styles.spoken, { backgroundColor: colours.accentSoft, borderColor: colours.accent }];
  return (
    <View testID={`block-${id}`} onLayout={measured} style={[styles.placed, marked, actions != null && styles.above]} {...(isSpoken && { 'aria-current': true })}>
      {onTouch === undefined ? (
        children
      ) : (
        <Pressable
          accessible={false}
          tabIndex={-1}
          onPress={() => !isSelecting() && onTouch(id)}
          // In a browser a long press selects text.
          {...(!IS_WEB && { onLongPress: () => onTouch(id) })}
          style={styles.held}
        >
          {children}
        </Pressable>
      )}
      {actions != null && <View style={[styles.actions, { backgroundColor: colours.surface, borderColor: colours.line }]}>{actions}</View>}
    </View>
  );
}

function isSelecting(): boolean {
  return IS_WEB && typeof getSelection === 'function' && getSelection()?.isCollapsed === false;
}

const Drawn = memo(function Drawn({ block, ...common }: { block: Block } & Common) {
  switch (block.t) {
    case 'p':
      return <Prose runs={block.runs} {...common} />;
    case 'h':
      return <Heading block={block} {...common} />;
    case 'quote':
      return <Quote block={block} {...common} />;
    case 'ul':
      return <Items items={block.items} markOf={() => '•'} {...common} />;
    case 'ol':
      return <Items items={block.items} markOf={(index) => `${block.start + index}.`} {...common} />;
    case 'code':
      return <Code block={block} />;
    case 'img':
      return <Illustration block={block} language={common.language} />;
    case 'hr':
      return <Rule />;
    case 'table':
      return <Table block={block} {...common} />;
    default:
      return null; // a kind of a newer blog
  }
});

function Prose({ runs, ...common }: { runs: readonly Run[] } & Common) {
  return (
    <Text as="prose" selectable lang={common.language}>
      <Runs runs={runs} {...common} />
    </Text>
  );
}

function Heading({ block, language, onNote }: { block: Schema['Heading'] } & Common) {
  // The title is the screen's first level.
  const level = Math.min(6, Math.max(2, block.level));
  return (
    <Text as={level === 2 ? 'title' : 'heading'} role="heading" aria-level={level} lang={language} style={styles.heading}>
      <Runs runs={block.runs} language={language} onNote={onNote} />
    </Text>
  );
}

function Quote({ block, ...common }: { block: Schema['Quote'] } & Common) {
  const { colours } = useTheme();
  return (
    <View style={[styles.quote, { borderColor: colours.accent }]}>
      <Text as="prose" tone="quiet" selectable lang={common.language} style={styles.slanted}>
        <Runs runs={block.runs} {...common} />
      </Text>
      {typeof block.cite === 'string' && block.cite !== '' && <Cite cite={block.cite} />}
    </View>
  );
}

function Cite({ cite }: { cite: string }) {
  if (safeAddress(cite) === null) return <Text as="small" tone="quiet">{cite}</Text>; // prettier-ignore
  return (
    <Text as="small">
      <LinkText href={cite}>{cite.replace(/^https?:\/\//, '')}</LinkText>
    </Text>
  );
}

interface ItemsProps extends Common {
  items: readonly (readonly Run[])[];
  markOf: (index: number) => string;
}

function Items({ items, markOf, ...common }: ItemsProps) {
  return (
    <View role="list" style={styles.items}>
      {items.map((runs, index) => (
        <View key={index} role="listitem" style={styles.item}>
          <Text as="prose" tone="quiet" style={styles.mark}>
            {markOf(index)}
          </Text>
          <Text as="prose" selectable lang={common.language} style={styles.grow}>
            <Runs runs={runs} {...common} />
          </Text>
        </View>
      ))}
    </View>
  );
}

function Code({ block }: { block: Schema['Code'] }) {
  const { colours } = useTheme();
  return (
    <View style={[styles.code, { backgroundColor: colours.sunken, borderColor: colours.line }]}>
      {typeof block.language === 'string' && block.language !== '' && (
        <Text as="small" tone="quiet" style={styles.language}>
          {block.language}
        </Text>
      )}
      <ScrollView horizontal tabIndex={0} role="region" aria-label={strings.reading.copyCode} contentContainerStyle={styles.codeInside}>
        <Text as="small" selectable style={styles.mono}>
          {block.text.replace(/\n$/, '')}
        </Text>
      </ScrollView>
    </View>
  );
}

function Illustration({ block, language }: { block: Schema['Image']; language: string }) {
  const { dataSaver } = usePrefs();
  const [isAsked, setAsked] = useState(false);
  const { colours } = useTheme();
  const size = { width: Math.max(1, block.width), height: Math.max(1, block.height) };
  return (
    <View style={styles.figure}>
      {dataSaver && !isAsked ? (
        <Pressable role="button" onPress={() => setAsked(true)} style={[styles.unasked, { backgroundColor: colours.sunken }]}>
          <Text as="label" tone="accent">{strings.reading.imageless}</Text>
          {block.alt !== '' && <Text as="small" tone="quiet" lang={language}>{block.alt}</Text>}
        </Pressable>
      ) : (
        <Cover picture={{ ...block, ...size }} asked={isAsked} />
      )}
      {block.caption !== '' && (
        <Text as="small" tone="quiet" lang={language}>
          {block.caption}
        </Text>
      )}
    </View>
  );
}

function Rule() {
  const { colours } = useTheme();
  return <View role="separator" style={[styles.rule, { backgroundColor: colours.line }]} />;
}

function Table({ block, ...common }: { block: Schema['Table'] } & Common) {
  const { colours } = useTheme();
  const columns = Math.max(block.head.length, ...block.rows.map((row) => row.length));
  const row = (cells: readonly (readonly Run[])[], key: string, isHead: boolean) => (
    <View key={key} role="row" style={[styles.row, { borderColor: colours.line }, isHead && { backgroundColor: colours.sunken }]}>
      {Array.from({ length: columns }, (_, column) => (
        <View key={column} role={isHead ? 'columnheader' : 'cell'} style={styles.cell}>
          <Text as={isHead ? 'label' : 'small'} selectable lang={common.language}>
            <Runs runs={cells[column] ?? []} {...common} />
          </Text>
        </View>
      ))}
    </View>
  );
  return (
    <ScrollView horizontal tabIndex={0} contentContainerStyle={styles.wide}>
      <View role="table" style={[styles.table, { borderColor: colours.line }]}>
        {block.head.length > 0 && row(block.head, 'head', true)}
        {block.rows.map((cells, index) => row(cells, String(index), false))}
      </View>
    </ScrollView>
  );
}

function Note({ note, ...common }: { note: NoteBlock } & Common) {
  return (
    <View style={styles.item}>
      <Text as="small" tone="quiet" style={styles.mark}>
        {note.label}
      </Text>
      <Text as="small" tone="quiet" selectable lang={common.language} style={styles.grow}>
        <Runs runs={note.runs} {...common} />
      </Text>
    </View>
  );
}

/** Text with its emphasis, links and marks of sources. */
export function Runs({ runs, onNote }: { runs: readonly Run[] } & Common) {
  return runs.map((run, index) => <Piece key={index} run={run} onNote={onNote} />);
}

function Piece({ run, onNote }: { run: Run; onNote: Common['onNote'] }) {
  const { colours, text } = useTheme();
  const { note, href } = run;
  if (typeof note === 'string') {
    const fontSize = 0.85 * (text('small').fontSize ?? 14);
    const mark = { color: colours.accent, fontSize, lineHeight: 1.4 * fontSize };
    return (
      <Inline role="button" aria-label={strings.reading.openNote(run.text)} onPress={() => onNote(note)} style={mark}>
        {`\u2009[${run.text}]`}
      </Inline>
    );
  }
  const style = [
    run.b === true && styles.bold,
    run.i === true && styles.slanted,
    run.code === true && [styles.mono, { backgroundColor: colours.sunken }],
  ];
  if (safeAddress(href) !== null) return <LinkText href={href ?? ''} style={style}>{run.text}</LinkText>; // prettier-ignore
  return <Inline style={style}>{run.text}</Inline>;
}

const styles = StyleSheet.create({
  blocks: { gap: space.l },
  placed: { marginHorizontal: -space.s, paddingLeft: space.s - 3, paddingRight: space.s, borderLeftWidth: 3, borderColor: 'transparent' },
  above: { zIndex: 1 },
  spoken: { borderRadius: radius.s },
  // The page is read, not pressed: no hand over the text.
  held: { cursor: 'auto' },
  actions: { position: 'absolute', right: space.s, bottom: -44, zIndex: 1, borderWidth: 1, borderRadius: radius.l, paddingHorizontal: space.m },
  notes: { marginTop: space.l },
  heading: { marginTop: space.s },
  quote: { borderLeftWidth: 3, paddingLeft: space.l, gap: space.xs },
  items: { gap: space.s },
  item: { flexDirection: 'row', gap: space.s },
  mark: { minWidth: 22 },
  grow: { flex: 1 },
  code: { borderWidth: StyleSheet.hairlineWidth, borderRadius: radius.m },
  language: { paddingHorizontal: space.m, paddingTop: space.s },
  codeInside: { padding: space.m },
  mono: { fontFamily: MONO },
  bold: { fontWeight: '700' },
  slanted: { fontStyle: 'italic' },
  figure: { gap: space.s },
  unasked: { minHeight: 88, borderRadius: radius.m, padding: space.l, gap: space.xs, justifyContent: 'center' },
  rule: { height: 1, width: 96, alignSelf: 'center', marginVertical: space.m },
  wide: { minWidth: '100%' },
  table: { borderWidth: 1, borderRadius: radius.s, overflow: 'hidden', minWidth: '100%' },
  row: { flexDirection: 'row', borderBottomWidth: StyleSheet.hairlineWidth },
  cell: { minWidth: 96, maxWidth: 240, flexGrow: 1, flexBasis: 120, padding: space.s },
});
