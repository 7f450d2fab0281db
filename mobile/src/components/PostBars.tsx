/** The bars above and below a post. They give way while one reads on, and come back on the way up. */
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { Animated, StyleSheet, View, type NativeScrollEvent, type NativeSyntheticEvent } from 'react-native';
import { useSafeAreaInsets } from 'react-native-safe-area-context';

import { IS_WEB } from '@/api/client';
import { useReducedMotion } from '@/lib/a11y';
import { space, useTheme } from '@/theme';

export const BAR = 56;
const HIDE_MS = 180;
/** A finger trembles: less than this is no direction. */
const TREMOR = 12;

/** Whether the bars are hidden, from how the page is scrolled. With reduced motion they stay. */
export function useBars(): { areHidden: boolean; onScroll(event: NativeSyntheticEvent<NativeScrollEvent>): void; show(): void } {
  const [areHidden, setHidden] = useState(false);
  const isReduced = useReducedMotion();
  const last = useRef(0);
  return {
    areHidden: areHidden && !isReduced,
    onScroll: ({ nativeEvent: { contentOffset, contentSize, layoutMeasurement } }) => {
      const by = contentOffset.y - last.current;
      if (Math.abs(by) < TREMOR) return;
      last.current = contentOffset.y;
      const isAtEdge = contentOffset.y < BAR || contentOffset.y + layoutMeasurement.height > contentSize.height - BAR;
      setHidden(by > 0 && !isAtEdge);
    },
    show: () => setHidden(false),
  };
}

interface BarProps {
  isHidden: boolean;
  /** Something in it has the focus of a keyboard. */
  onFocus: () => void;
  children: ReactNode;
}

export function TopBar({ children, ...bar }: BarProps) {
  const insets = useSafeAreaInsets();
  return <Sliding {...bar} way={-(BAR + insets.top)} style={[styles.top, { paddingTop: insets.top }]}>{children}</Sliding>; // prettier-ignore
}

export function BottomBar({ children, ...bar }: BarProps) {
  const insets = useSafeAreaInsets();
  return <Sliding {...bar} way={BAR * 2 + insets.bottom} style={[styles.bottom, { paddingBottom: insets.bottom }]}>{children}</Sliding>; // prettier-ignore
}

function Sliding({ isHidden, onFocus, children, way, style }: BarProps & { way: number; style: object }) {
  const { colours } = useTheme();
  const [slide] = useState(() => new Animated.Value(0));
  useEffect(() => {
    Animated.timing(slide, { toValue: isHidden ? way : 0, duration: HIDE_MS, useNativeDriver: !IS_WEB }).start();
  }, [isHidden, slide, way]);
  return (
    <Animated.View
      onFocus={onFocus}
      style={[styles.bar, style, { backgroundColor: colours.ground, borderColor: colours.line, transform: [{ translateY: slide }] }]}
    >
      <View style={styles.inside}>{children}</View>
    </Animated.View>
  );
}

const styles = StyleSheet.create({
  bar: { position: 'absolute', left: 0, right: 0, zIndex: 2 },
  top: { top: 0, borderBottomWidth: StyleSheet.hairlineWidth },
  bottom: { bottom: 0, borderTopWidth: StyleSheet.hairlineWidth },
  inside: { minHeight: BAR, flexDirection: 'row', alignItems: 'center', paddingHorizontal: space.xs, width: '100%', maxWidth: 860, alignSelf: 'center' },
});
