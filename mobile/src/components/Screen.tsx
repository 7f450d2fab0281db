import type { ReactNode } from 'react';
import { StyleSheet, View } from 'react-native';
import { useSafeAreaInsets } from 'react-native-safe-area-context';

import { space, useTheme } from '@/theme';

import { OfflineNote } from './States';
import { Text } from './Text';

/** The frame of a tab: its title, what stands beside it, and the content below. */
export function Screen({ title, right, children }: { title: string; right?: ReactNode; children: ReactNode }) {
  const { colours } = useTheme();
  const insets = useSafeAreaInsets();
  return (
    <View role="main" style={[styles.screen, { backgroundColor: colours.ground, paddingTop: insets.top }]}>
      <View style={styles.head}>
        <Text as="display" style={styles.title}>
          {title}
        </Text>
        {right}
      </View>
      <OfflineNote />
      {children}
    </View>
  );
}

const styles = StyleSheet.create({
  screen: { flex: 1 },
  head: { flexDirection: 'row', alignItems: 'center', gap: space.s, paddingHorizontal: space.l, paddingVertical: space.m },
  title: { flex: 1 },
});
