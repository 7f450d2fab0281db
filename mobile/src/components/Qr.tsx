import { useMemo } from 'react';
import { StyleSheet, View } from 'react-native';

import { qrOf } from '@/lib/qr';
import { radius } from '@/theme';

import { Drawing } from './Drawing';

const QUIET = 4;

/** Dark on white in every theme: cameras read it so. */
export function Qr({ text, label, size = 220 }: { text: string; label: string; size?: number }) {
  const rows = useMemo(() => qrOf(text), [text]);
  if (rows === null) return null; // the text itself stands beside it
  const side = rows.length + 2 * QUIET;
  const squares = rows.flatMap((row, y) => row.flatMap((on, x) => (on ? [`M${x + QUIET} ${y + QUIET}h1v1h-1z`] : [])));
  return (
    <View role="img" aria-label={label} style={styles.paper}>
      <Drawing size={size} field={side} path={squares.join('')} fill="#000000" />
    </View>
  );
}

const styles = StyleSheet.create({
  paper: { alignSelf: 'center', backgroundColor: '#ffffff', borderRadius: radius.m, overflow: 'hidden' },
});
