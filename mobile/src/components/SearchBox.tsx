import { useRef } from 'react';
import { StyleSheet, TextInput, View } from 'react-native';

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
  return (
    <View accessibilityRole="search" style={[styles.box, { backgroundColor: colours.surface, borderColor: colours.line }]}>
      <Icon name="explore" size={20} tone="quiet" />
      <TextInput
        ref={input}
        accessibilityLabel={strings.explore.search}
        placeholder={strings.explore.search}
        placeholderTextColor={colours.quiet}
        value={text}
        onChangeText={onType}
        onSubmitEditing={onSubmit}
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
  input: { flex: 1, minWidth: 0, minHeight: TARGET },
});
