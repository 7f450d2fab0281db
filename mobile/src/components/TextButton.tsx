import { Pressable, StyleSheet } from 'react-native';

import { space, TARGET, type Colours } from '@/theme';

import { Text } from './Text';

interface Props {
  label: string;
  onPress: () => void;
  /** Read out in place of the label; it begins with it. */
  says?: string;
  tone?: keyof Colours;
  disabled?: boolean;
}

/** A small act among text. */
export function TextButton({ label, onPress, says, tone = 'accent', disabled = false }: Props) {
  return (
    <Pressable role="button" aria-label={says} aria-disabled={disabled} disabled={disabled} onPress={onPress} style={styles.button}>
      <Text as="label" tone={disabled ? 'quiet' : tone}>
        {label}
      </Text>
    </Pressable>
  );
}

const styles = StyleSheet.create({
  button: { minHeight: TARGET, minWidth: TARGET, paddingRight: space.m, justifyContent: 'center' },
});
