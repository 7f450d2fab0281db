import { useState } from 'react';
import { StyleSheet, View } from 'react-native';

import type { Draft } from '@/api/queries/jobs';
import type { Block } from '@/api/queries/posts';
import { strings } from '@/strings';
import { radius, space, useTheme } from '@/theme';

import { Blocks, isDrawn } from './Blocks';
import { Sheet } from './Sheet';
import { TextButton } from './TextButton';

interface Props {
  draft: Draft;
  struck: readonly string[];
  /** Without it, the draft is only read. */
  onStrike?: ((block: string) => void) | undefined;
}

/** The draft's text, each part of which can be struck. */
export function DraftBlocks({ draft, struck, onStrike }: Props) {
  const [note, setNote] = useState<string | null>(null);
  const parts = draft.blocks.filter(isDrawn);
  const notes = draft.blocks.filter((block) => block.t === 'note');
  const common = { language: draft.language, onNote: setNote };
  return (
    <View style={styles.parts}>
      {parts.map((block, at) => (
        <Part key={block.id} block={block} number={at + 1} isStruck={struck.includes(block.id)} onStrike={onStrike} {...common} />
      ))}
      <Blocks blocks={notes} {...common} />
      <Sheet title={strings.reading.notes} open={note !== null} onClose={() => setNote(null)}>
        <Blocks blocks={notes.filter((block) => block.id === note)} {...common} />
      </Sheet>
    </View>
  );
}

interface PartProps {
  block: Block;
  number: number;
  isStruck: boolean;
  onStrike: Props['onStrike'];
  language: string;
  onNote: (id: string) => void;
}

function Part({ block, number, isStruck, onStrike, ...common }: PartProps) {
  const { colours } = useTheme();
  const { strike, unstrike, strikeSays, unstrikeSays } = strings.draft;
  return (
    <View style={[styles.part, isStruck && [styles.struck, { backgroundColor: colours.dangerSoft, borderColor: colours.danger }]]}>
      <View style={isStruck && styles.faint}>
        <Blocks blocks={[block]} {...common} />
      </View>
      {onStrike && (
        <View style={styles.act}>
          <TextButton
            label={isStruck ? unstrike : strike}
            says={isStruck ? unstrikeSays(number) : strikeSays(number)}
            tone={isStruck ? 'danger' : 'quiet'}
            onPress={() => onStrike(block.id)}
          />
        </View>
      )}
    </View>
  );
}

const styles = StyleSheet.create({
  parts: { gap: space.s },
  part: { borderLeftWidth: 3, borderColor: 'transparent', paddingHorizontal: space.s, marginHorizontal: -space.s },
  struck: { borderRadius: radius.s, paddingTop: space.s },
  faint: { opacity: 0.55 },
  act: { flexDirection: 'row', justifyContent: 'flex-end' },
});
