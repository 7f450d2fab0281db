import { StyleSheet, View } from 'react-native';

import { LINE_WIDTH, setPrefs, THEMES, usePrefs, WIDTHS } from '@/state/prefs';
import { strings } from '@/strings';
import { radius, space, useTheme } from '@/theme';

import { Chip } from './Chip';
import { IconButton } from './IconButton';
import { Text } from './Text';

const SIZE_STEP = 10;
const LINE_STEP = 0.1;

/** How one likes to read; each choice is seen at once. */
export function ReadingChoices() {
  const words = strings.reading;
  const prefs = usePrefs();
  const { colours } = useTheme();
  return (
    <>
      <View style={[styles.sample, { backgroundColor: colours.surface, borderColor: colours.line, maxWidth: LINE_WIDTH[prefs.width] }]}>
        <Text as="prose">{words.sample}</Text>
      </View>
      <View style={styles.choice}>
        <Text as="label">{words.theme}</Text>
        <View style={styles.chips}>
          {THEMES.map((theme) => (
            <Chip key={theme} label={words.themes[theme]} on={prefs.theme === theme} onPress={() => void setPrefs({ theme })} />
          ))}
        </View>
      </View>
      <Stepper
        label={words.size}
        value={`${prefs.textSize} %`}
        less={words.smaller}
        more={words.larger}
        onStep={(by) => void setPrefs({ textSize: prefs.textSize + by * SIZE_STEP })}
      />
      <Stepper
        label={words.line}
        value={prefs.lineHeight.toFixed(1)}
        less={words.tighter}
        more={words.looser}
        onStep={(by) => void setPrefs({ lineHeight: Math.round((prefs.lineHeight + by * LINE_STEP) * 10) / 10 })}
      />
      <View style={styles.choice}>
        <Text as="label">{words.width}</Text>
        <View style={styles.chips}>
          {WIDTHS.map((width) => (
            <Chip key={width} label={words.widths[width]} on={prefs.width === width} onPress={() => void setPrefs({ width })} />
          ))}
        </View>
      </View>
    </>
  );
}

function Stepper({ label, value, less, more, onStep }: { label: string; value: string; less: string; more: string; onStep: (by: 1 | -1) => void }) {
  return (
    <View style={styles.stepper}>
      <Text as="label" style={styles.label}>
        {label}
      </Text>
      <IconButton icon="minus" label={less} onPress={() => onStep(-1)} />
      <Text aria-live="polite" style={styles.value}>
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
  stepper: { flexDirection: 'row', alignItems: 'center', flexWrap: 'wrap' },
  label: { flexGrow: 1 },
  value: { minWidth: 64, textAlign: 'center' },
});
