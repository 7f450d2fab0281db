import { useState } from 'react';
import { StyleSheet, View } from 'react-native';
import { useSafeAreaInsets } from 'react-native-safe-area-context';

import { newVersion, takeNewVersion } from '@/state/worker';
import { strings } from '@/strings';
import { radius, space, useTheme } from '@/theme';

import { Button } from './Button';
import { Text } from './Text';

/** Says quietly that there is a newer version. It is loaded when the person wants it, and otherwise with the next visit. */
export function NewVersion() {
  const isThere = newVersion.use();
  const [isLater, setLater] = useState(false);
  const { colours } = useTheme();
  const insets = useSafeAreaInsets();
  if (!isThere || isLater) return null;
  return (
    <View pointerEvents="box-none" style={[styles.place, { bottom: insets.bottom + 72 }]}>
      <View role="status" style={[styles.note, { backgroundColor: colours.surface, borderColor: colours.line }]}>
        <Text as="small" style={styles.words}>
          {strings.newVersion.words}
        </Text>
        <Button kind="plain" label={strings.newVersion.later} onPress={() => setLater(true)} />
        <Button label={strings.newVersion.go} onPress={takeNewVersion} />
      </View>
    </View>
  );
}

const styles = StyleSheet.create({
  place: { position: 'absolute', left: space.l, right: space.l, alignItems: 'center' },
  note: { flexDirection: 'row', flexWrap: 'wrap', alignItems: 'center', gap: space.s, maxWidth: 520, padding: space.m, borderRadius: radius.m, borderWidth: 1 },
  words: { flexGrow: 1, flexShrink: 1, minWidth: 120 },
});
