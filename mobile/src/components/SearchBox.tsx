import { useRef, useState } from 'react';
import { Platform, StyleSheet, TextInput, View, type TextStyle } from 'react-native';

import { strings } from '@/strings';
import { radius, space, TARGET, useTheme } from '@/theme';

import { Icon } from './Icon';
import { IconButton } from './IconButton';

interface Props {
  text: string;
  onType: (text: string) => void;
  /** The key that means "now". */
  onSubmit: () => void;
}

export function SearchBox({ text, onType, onSubmit }: Props) {
  const { colours, text: typeOf } = useTheme();
  const input = useRef<TextInput>(null);
  const [isFocused, setFocused] = useState(false);
  return (
    <View accessibilityRole="search" style={[styles.box, { backgroundColor: colours.surface, borderColor: isFocused ? colours.accent : colours.line }]}>
      <Icon name="explore" size={20} tone="quiet" />
      <TextInput
        ref={input}
        accessibilityLabel={strings.explore.search}
        placeholder={strings.explore.search}
        placeholderTextColor={colours.quiet}
        value={text}
        onChangeText={onType}
        onSubmitEditing={onSubmit}
        onFocus={() => setFocused(true)}
        onBlur={() => setFocused(false)}
        maxLength={200}
        inputMode="search"
        returnKeyType="search"
        autoCapitalize="none"
        style={[typeOf('body'), styles.input, { color: colours.ink }]}
      />
      {text !== '' && (
        <IconButton
          icon="close"
          label={strings.explore.clear}
          onPress={() => {
            onType('');
            input.current?.focus();
          }}
        />
      )}
    </View>
  );
}

const styles = StyleSheet.create({
  box: { flexDirection: 'row', alignItems: 'center', gap: space.s, minHeight: TARGET, paddingLeft: space.m, borderWidth: 1, borderRadius: radius.round },
  // The whole box shows the focus.
  input: { flex: 1, minWidth: 0, minHeight: TARGET, ...Platform.select({ web: { outlineStyle: 'none' } as unknown as TextStyle, default: {} }) },
});
