/** Reading aloud: which block is being said, and the bar that steers it. */
import * as Speech from 'expo-speech';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { StyleSheet, View } from 'react-native';

import type { Block } from '@/api/queries/posts';
import { spokenOf } from '@/lib/speech';
import { strings } from '@/strings';
import { radius, space, useTheme } from '@/theme';

import { Chip } from './Chip';
import { IconButton } from './IconButton';
import { Text } from './Text';
import { toast } from './Toast';

export const RATES = [0.75, 1, 1.25, 1.5, 2] as const;
/** A voice that has not begun by then will not. */
const SILENT_MS = 5000;

export interface Listening {
  state: 'off' | 'playing' | 'paused';
  /** The block that is being said. */
  block: string | null;
  now: number;
  of: number;
  rate: number;
  start(from?: string): void;
  pause(): void;
  next(): void;
  previous(): void;
  changeRate(): void;
  stop(): void;
}

export function useListening(blocks: readonly Block[], language: string): Listening {
  const spoken = useMemo(() => spokenOf(blocks), [blocks]);
  const [state, setState] = useState<Listening['state']>('off');
  const [index, setIndex] = useState(0);
  const [rate, setRate] = useState<number>(1);
  // Each order to the voice has a number: what an older one still tells is not heard.
  const order = useRef(0);
  const silence = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);

  const hush = useCallback(() => {
    order.current += 1;
    clearTimeout(silence.current);
    void Speech.stop();
  }, []);

  const stop = useCallback(() => {
    hush();
    setState('off');
  }, [hush]);

  const say = useCallback(
    (at: number, how: number) => {
      hush();
      const mine = order.current;
      const fail = (): void => {
        if (order.current !== mine) return;
        stop();
        toast(strings.listening.silent);
      };
      const sayPart = (block: number, part: number): void => {
        const words = spoken[block]?.parts[part];
        if (spoken[block] === undefined) return stop();
        if (words === undefined) return sayPart(block + 1, 0);
        setIndex(block);
        Speech.speak(words, {
          language,
          rate: how,
          onStart: () => clearTimeout(silence.current),
          onDone: () => {
            if (order.current === mine) sayPart(block, part + 1);
          },
          onError: fail,
        });
      };
      setState('playing');
      silence.current = setTimeout(fail, SILENT_MS);
      sayPart(at, 0);
    },
    [hush, stop, spoken, language],
  );

  // Leaving the post, or another post in the same place.
  useEffect(() => stop, [stop, spoken]);

  const go = (to: number): void => {
    const at = Math.min(Math.max(to, 0), spoken.length - 1);
    if (state === 'playing') say(at, rate);
    else setIndex(at);
  };
  return {
    state,
    block: state === 'off' ? null : (spoken[index]?.id ?? null),
    now: Math.min(index + 1, spoken.length),
    of: spoken.length,
    rate,
    start: (from) => {
      const found = from === undefined ? -1 : spoken.findIndex(({ id }) => id === from);
      say(found >= 0 ? found : state === 'paused' ? index : 0, rate);
    },
    pause: () => {
      hush(); // not every voice can pause; going on begins the block again
      setState('paused');
    },
    next: () => go(index + 1),
    previous: () => go(index - 1),
    changeRate: () => {
      const next = RATES[(RATES.findIndex((one) => one === rate) + 1) % RATES.length] ?? 1;
      setRate(next);
      if (state === 'playing') say(index, next);
    },
    stop,
  };
}

export function ListenBar({ listening }: { listening: Listening }) {
  const { colours } = useTheme();
  const isPlaying = listening.state === 'playing';
  const words = strings.listening;
  return (
    <View role="toolbar" aria-label={words.bar} style={[styles.bar, { backgroundColor: colours.surface, borderColor: colours.line }]}>
      <IconButton icon="skipBack" label={words.previous} onPress={listening.previous} />
      <IconButton
        icon={isPlaying ? 'pause' : 'play'}
        label={isPlaying ? words.pause : words.play}
        onPress={isPlaying ? listening.pause : () => listening.start()}
      />
      <IconButton icon="skip" label={words.next} onPress={listening.next} />
      <Text as="small" tone="quiet" style={styles.at} numberOfLines={1}>
        {words.at(listening.now, listening.of)}
      </Text>
      <Chip label={words.speed(listening.rate)} onPress={listening.changeRate} />
      <IconButton icon="close" label={words.stop} onPress={listening.stop} />
    </View>
  );
}

const styles = StyleSheet.create({
  bar: { flexDirection: 'row', flexWrap: 'wrap', justifyContent: 'space-between', alignItems: 'center', borderWidth: 1, borderRadius: radius.l, paddingHorizontal: space.xs, minHeight: 56 },
  at: { flexGrow: 1, textAlign: 'center' },
});
