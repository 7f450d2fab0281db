import { useEffect } from 'react';
import { StyleSheet, View } from 'react-native';
import { useSafeAreaInsets } from 'react-native-safe-area-context';

import { announce } from '@/lib/a11y';
import { makeStore } from '@/state/store';
import { radius, space, useTheme } from '@/theme';

import { Text } from './Text';

const SHOWN_MS = 4000;
const store = makeStore<{ words: string } | null>(null);

/** Say something in passing, from anywhere. */
export function toast(words: string): void {
  announce(words);
  store.set({ words });
}

/** Stands once, in the root layout. */
export function Toast() {
  const said = store.use();
  const { colours } = useTheme();
  const insets = useSafeAreaInsets();
  useEffect(() => {
    if (said === null) return;
    const timer = setTimeout(() => store.set(null), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [said]);
  if (said === null) return null;
  return (
    <View pointerEvents="none" style={[styles.place, { bottom: insets.bottom + 72 }]}>
      <View role="status" style={[styles.toast, { backgroundColor: colours.ink }]}>
        <Text as="small" tone="ground">
          {said.words}
        </Text>
      </View>
    </View>
  );
}

const styles = StyleSheet.create({
  place: { position: 'absolute', left: space.l, right: space.l, alignItems: 'center' },
  toast: { maxWidth: 480, paddingHorizontal: space.l, paddingVertical: space.m, borderRadius: radius.m },
});
