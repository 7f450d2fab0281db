import { ActivityIndicator, Pressable, StyleSheet } from 'react-native';

import { radius, space, TARGET, useTheme } from '@/theme';

import { Icon, type IconName } from './Icon';
import { Text } from './Text';

interface Props {
  label: string;
  onPress: () => void;
  kind?: 'main' | 'plain' | 'danger';
  icon?: IconName;
  disabled?: boolean;
  /** It is being done: shown, and not to be pressed again. */
  busy?: boolean;
}

export function Button({ label, onPress, kind = 'main', icon, disabled = false, busy = false }: Props) {
  const { colours } = useTheme();
  const ground = { main: colours.accent, plain: colours.sunken, danger: colours.dangerSoft }[kind];
  const tone = ({ main: 'onAccent', plain: 'ink', danger: 'danger' } as const)[kind];
  return (
    <Pressable
      role="button"
      aria-disabled={disabled || busy}
      aria-busy={busy}
      disabled={disabled || busy}
      onPress={onPress}
      style={({ pressed }) => [styles.button, { backgroundColor: ground, opacity: disabled ? 0.5 : pressed ? 0.8 : 1 }]}
    >
      {busy ? <ActivityIndicator color={colours[tone]} /> : icon && <Icon name={icon} size={20} tone={tone} />}
      <Text as="label" tone={tone}>
        {label}
      </Text>
    </Pressable>
  );
}

const styles = StyleSheet.create({
  button: {
    minHeight: TARGET,
    paddingHorizontal: space.l,
    paddingVertical: space.s,
    borderRadius: radius.m,
    flexDirection: 'row',
    alignItems: 'center',
    justifyContent: 'center',
    gap: space.s,
  },
});
