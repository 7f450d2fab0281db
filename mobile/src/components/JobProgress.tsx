import { StyleSheet, View } from 'react-native';

import { strings } from '@/strings';
import { radius, useTheme } from '@/theme';

export function JobProgress({ progress }: { progress: number }) {
  const { colours } = useTheme();
  const percent = Math.round(progress * 100);
  return (
    <View
      role="progressbar"
      aria-label={strings.job.progress(percent)}
      aria-valuenow={percent}
      aria-valuemin={0}
      aria-valuemax={100}
      style={[styles.rail, { backgroundColor: colours.line }]}
    >
      <View style={[styles.done, { width: `${percent}%`, backgroundColor: colours.accent }]} />
    </View>
  );
}

const styles = StyleSheet.create({
  rail: { height: 4, borderRadius: radius.round, overflow: 'hidden' },
  done: { height: 4 },
});
