/** How the text looks. It changes behind the sheet while one chooses, and stays so on this device. */
import { StyleSheet, View } from 'react-native';

import { setPrefs, THEMES, usePrefs, WIDTHS } from '@/state/prefs';
import { strings } from '@/strings';
import { radius, space, useTheme } from '@/theme';

import { Chip } from './Chip';
import { IconButton } from './IconButton';
import { Sheet } from './Sheet';
import { Text } from './Text';

const SIZE_STEP = 10;
const LINE_STEP = 0.1;

export function ReadingSheet({ open, onClose }: { open: boolean; onClose: () => void }) {
  const { theme, textSize, lineHeight, width } = usePrefs();
  const { colours } = useTheme();
  const words = strings.reading;
  const changeLine = (by: number): void => void setPrefs({ lineHeight: Math.round((lineHeight + by) * 10) / 10 });
  return (
    <Sheet title={words.sheet} open={open} onClose={onClose}>
      <View style={[styles.sample, { backgroundColor: colours.ground, borderColor: colours.line }]}>
        <Text as="prose">{words.sample}</Text>
      </View>
      <Choice title={words.theme}>
        {THEMES.map((one) => (
          <Chip key={one} label={words.themes[one]} on={one === theme} onPress={() => void setPrefs({ theme: one })} />
        ))}
      </Choice>
      <Steps
        title={words.size}
        value={`${textSize} %`}
        less={words.smaller}
        more={words.larger}
        onLess={() => void setPrefs({ textSize: textSize - SIZE_STEP })}
        onMore={() => void setPrefs({ textSize: textSize + SIZE_STEP })}
      />
      <Steps title={words.line} value={lineHeight.toFixed(1)} less={words.tighter} more={words.looser} onLess={() => changeLine(-LINE_STEP)} onMore={() => changeLine(LINE_STEP)} />
      <Choice title={words.width}>
        {WIDTHS.map((one) => (
          <Chip key={one} label={words.widths[one]} on={one === width} onPress={() => void setPrefs({ width: one })} />
        ))}
      </Choice>
    </Sheet>
  );
}

function Choice({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <View role="group" aria-label={title} style={styles.choice}>
      <Text as="label" tone="quiet">{title}</Text>
      <View style={styles.chips}>{children}</View>
    </View>
  );
}

interface StepsProps {
  title: string;
  value: string;
  less: string;
  more: string;
  onLess: () => void;
  onMore: () => void;
}

function Steps({ title, value, less, more, onLess, onMore }: StepsProps) {
  return (
    <View role="group" aria-label={title} style={styles.steps}>
      <Text as="label" tone="quiet" style={styles.grow}>{title}</Text>
      <IconButton icon="minus" label={less} onPress={onLess} />
      <Text as="label" role="status" style={styles.value}>{value}</Text>
      <IconButton icon="plus" label={more} onPress={onMore} />
    </View>
  );
}

const styles = StyleSheet.create({
  sample: { padding: space.l, borderRadius: radius.m, borderWidth: 1 },
  choice: { gap: space.s },
  chips: { flexDirection: 'row', flexWrap: 'wrap', gap: space.s },
  steps: { flexDirection: 'row', alignItems: 'center', flexWrap: 'wrap' },
  grow: { flex: 1 },
  value: { minWidth: 64, textAlign: 'center' },
});
