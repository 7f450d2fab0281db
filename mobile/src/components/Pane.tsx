import type { ReactNode } from 'react';
import { ScrollView, StyleSheet, View } from 'react-native';
import { useSafeAreaInsets } from 'react-native-safe-area-context';

import { space, useTheme } from '@/theme';

import { OfflineNote } from './States';

/** The content of a screen that has the router's header above it: forms and settings. */
export function Pane({ children }: { children: ReactNode }) {
  const { colours } = useTheme();
  const insets = useSafeAreaInsets();
  return (
    <ScrollView
      role="main"
      keyboardShouldPersistTaps="handled"
      automaticallyAdjustKeyboardInsets
      style={{ backgroundColor: colours.ground }}
      contentContainerStyle={[styles.content, { paddingBottom: insets.bottom + space.xxl }]}
    >
      <OfflineNote />
      <View style={styles.column}>{children}</View>
    </ScrollView>
  );
}

const styles = StyleSheet.create({
  content: { flexGrow: 1, alignItems: 'center' },
  column: { width: '100%', maxWidth: 560, padding: space.l, gap: space.l },
});
