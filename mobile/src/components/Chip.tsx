import { Pressable, StyleSheet } from 'react-native';

import { radius, space, TARGET, useTheme } from '@/theme';

import { Text } from './Text';

export function Chip({ label, on = false, onPress }: { label: string; on?: boolean; onPress: () => void }) {
  const { colours } = useTheme();
  const look = { backgroundColor: on ? colours.accentSoft : colours.ground, borderColor: on ? colours.accent : colours.line };
  return (
    <Pressable role="button" aria-pressed={on} onPress={onPress} style={[styles.chip, look]}>
      <Text as="label" tone={on ? 'accent' : 'quiet'}>
        {label}
      </Text>
    </Pressable>
  );
}

const styles = StyleSheet.create({
  chip: { minHeight: TARGET, paddingHorizontal: space.l, borderRadius: radius.round, borderWidth: 1, justifyContent: 'center' },
});
