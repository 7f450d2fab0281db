import type { ReactNode } from 'react';
import { StyleSheet, View } from 'react-native';

import { LINE_WIDTH, setPrefs, THEMES, usePrefs, WIDTHS } from '@/state/prefs';
import { strings } from '@/strings';
import { radius, space, useTheme } from '@/theme';

import { Chip } from './Chip';
import { IconButton } from './IconButton';
import { Text } from './Text';

const SIZE_STEP = 10;
const LINE_STEP = 0.1;

/** How one likes to read, in the reader's sheet and in the settings; each choice is seen at once. */
export function ReadingChoices() {
  const words = strings.reading;
  const prefs = usePrefs();
  const { colours } = useTheme();
  return (
    <>
      <View style={[styles.sample, { backgroundColor: colours.ground, borderColor: colours.line, maxWidth: LINE_WIDTH[prefs.width] }]}>
        <Text as="prose">{words.sample}</Text>
      </View>
      <Choice title={words.theme}>
        {THEMES.map((theme) => (
          <Chip key={theme} label={words.themes[theme]} on={prefs.theme === theme} onPress={() => void setPrefs({ theme })} />
        ))}
      </Choice>
      <Steps
        title={words.size}
        value={`${prefs.textSize} %`}
        less={words.smaller}
        more={words.larger}
        onStep={(by) => void setPrefs({ textSize: prefs.textSize + by * SIZE_STEP })}
      />
      <Steps
        title={words.line}
        value={prefs.lineHeight.toFixed(1)}
        less={words.tighter}
        more={words.looser}
        onStep={(by) => void setPrefs({ lineHeight: Math.round((prefs.lineHeight + by * LINE_STEP) * 10) / 10 })}
      />
      <Choice title={words.width}>
        {WIDTHS.map((width) => (
          <Chip key={width} label={words.widths[width]} on={prefs.width === width} onPress={() => void setPrefs({ width })} />
        ))}
      </Choice>
    </>
  );
}

function Choice({ title, children }: { title: string; children: ReactNode }) {
  return (
    <View role="group" aria-label={title} style={styles.choice}>
      <Text as="label" tone="quiet">
        {title}
      </Text>
      <View style={styles.chips}>{children}</View>
    </View>
  );
}

interface StepsProps {
  title: string;
  value: string;
  less: string;
  more: string;
  onStep: (by: 1 | -1) => void;
}

function Steps({ title, value, less, more, onStep }: StepsProps) {
  return (
    <View role="group" aria-label={title} style={styles.steps}>
      <Text as="label" tone="quiet" style={styles.grow}>
        {title}
      </Text>
      <IconButton icon="minus" label={less} onPress={() => onStep(-1)} />
      <Text as="label" role="status" style={styles.value}>
        {value}
      </Text>
      <IconButton icon="plus" label={more} onPress={() => onStep(1)} />
    </View>
  );
}

const styles = StyleSheet.create({
  sample: { padding: space.l, borderWidth: 1, borderRadius: radius.m, alignSelf: 'center', width: '100%' },
  choice: { gap: space.s },
  chips: { flexDirection: 'row', flexWrap: 'wrap', gap: space.s },
  steps: { flexDirection: 'row', alignItems: 'center', flexWrap: 'wrap' },
  grow: { flexGrow: 1 },
  value: { minWidth: 64, textAlign: 'center' },
});
