import { StyleSheet, TextInput, View, type TextInputProps } from 'react-native';

import { radius, space, TARGET, useTheme } from '@/theme';

import { Text } from './Text';

interface Props extends TextInputProps {
  label: string;
  /** What one has to know to fill it in. */
  hint?: string;
  /** What is wrong with it, from `trouble.fields[path]`. */
  error?: string;
}

export function Field({ label, hint, error, style, ...rest }: Props) {
  const theme = useTheme();
  const edge = error === undefined ? theme.colours.line : theme.colours.danger;
  return (
    <View style={styles.field}>
      <Text as="label">{label}</Text>
      <TextInput
        accessibilityLabel={label}
        accessibilityHint={hint}
        aria-invalid={error !== undefined}
        placeholderTextColor={theme.colours.quiet}
        {...rest}
        style={[theme.text('body'), styles.input, { color: theme.colours.ink, backgroundColor: theme.colours.surface, borderColor: edge }, style]}
      />
      {error !== undefined ? (
        <Text as="small" tone="danger" role="alert">
          {error}
        </Text>
      ) : (
        hint !== undefined && (
          <Text as="small" tone="quiet">
            {hint}
          </Text>
        )
      )}
    </View>
  );
}

const styles = StyleSheet.create({
  field: { gap: space.xs },
  input: { minHeight: TARGET, borderWidth: 1, borderRadius: radius.m, paddingHorizontal: space.m, paddingVertical: space.s },
});
