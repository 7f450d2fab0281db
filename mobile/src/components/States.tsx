/** What a screen shows when it has nothing (yet). */
import type { ReactNode } from 'react';
import { ActivityIndicator, StyleSheet, View } from 'react-native';

import { asTrouble } from '@/api/trouble';
import { strings, wordsOf } from '@/strings';
import { useIsOnline } from '@/state/offline';
import { space, useTheme } from '@/theme';

import { Button } from './Button';
import { Text } from './Text';

export function Loading() {
  const { colours } = useTheme();
  return (
    <View style={styles.state} role="progressbar" aria-label={strings.loading}>
      <ActivityIndicator size="large" color={colours.accent} />
    </View>
  );
}

export function Empty({ title, body, children }: { title: string; body?: string; children?: ReactNode }) {
  return (
    <View style={styles.state}>
      <Text as="heading" style={styles.centred}>
        {title}
      </Text>
      {body !== undefined && (
        <Text tone="quiet" style={styles.centred}>
          {body}
        </Text>
      )}
      {children}
    </View>
  );
}

/** What went wrong, and the way on. `trouble` is whatever a query or mutation gives as its error. */
export function Failure({ trouble, onRetry }: { trouble: unknown; onRetry?: () => void }) {
  const words = wordsOf(asTrouble(trouble));
  return (
    <View role="alert">
      <Empty title={words.title} body={words.body}>
        {onRetry && <Button label={words.action} onPress={onRetry} kind="plain" />}
      </Empty>
    </View>
  );
}

export function OfflineNote() {
  const { colours } = useTheme();
  if (useIsOnline()) return null;
  return (
    <View role="status" style={[styles.note, { backgroundColor: colours.sunken }]}>
      <Text as="small" tone="quiet">
        {strings.offlineNote}
      </Text>
    </View>
  );
}

const styles = StyleSheet.create({
  state: { padding: space.xl, gap: space.m, alignItems: 'center', justifyContent: 'center', flexGrow: 1 },
  centred: { textAlign: 'center' },
  note: { paddingHorizontal: space.l, paddingVertical: space.s },
});
