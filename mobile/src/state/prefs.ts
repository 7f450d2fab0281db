/** How the person likes to read, kept on this device: one object with a version. */
import AsyncStorage from '@react-native-async-storage/async-storage';

import { makeStore } from './store';

export interface Prefs {
  v: 1;
  theme: 'system' | 'light' | 'dark' | 'black' | 'sepia';
  /** Percent, 80 to 200. */
  textSize: number;
  /** Of the reader's text, 1.3 to 2. */
  lineHeight: number;
  width: 'narrow' | 'normal' | 'wide';
  /** No covers and no pictures before they are asked for. */
  dataSaver: boolean;
}

export const DEFAULTS: Prefs = { v: 1, theme: 'system', textSize: 100, lineHeight: 1.6, width: 'normal', dataSaver: false };
export const THEMES = ['system', 'light', 'dark', 'black', 'sepia'] as const;
export const WIDTHS = ['narrow', 'normal', 'wide'] as const;
/** The widest line in points at 100 %. */
export const LINE_WIDTH: Record<Prefs['width'], number> = { narrow: 560, normal: 680, wide: 860 };

const KEY = 'blogen.prefs';
const store = makeStore<Prefs>(DEFAULTS);

export const usePrefs = store.use;
export const getPrefs = store.get;

export async function loadPrefs(): Promise<void> {
  const stored = await AsyncStorage.getItem(KEY).catch(() => null);
  store.set(readPrefs(stored));
}

/** Change some of them. What is out of range is brought into it. */
export async function setPrefs(change: Partial<Omit<Prefs, 'v'>>): Promise<void> {
  store.set(tidy({ ...store.get(), ...change }));
  await AsyncStorage.setItem(KEY, JSON.stringify(store.get()));
}

/** Whatever stands in the storage (of an older version, broken, or nothing) becomes whole preferences. */
export function readPrefs(stored: string | null): Prefs {
  try {
    return tidy(JSON.parse(stored ?? '{}'));
  } catch {
    return DEFAULTS;
  }
}

function tidy(found: unknown): Prefs {
  const from = (typeof found === 'object' && found !== null ? found : {}) as Record<string, unknown>;
  return {
    v: 1,
    theme: oneOf(THEMES, from.theme, DEFAULTS.theme),
    textSize: within(80, 200, from.textSize, DEFAULTS.textSize),
    lineHeight: within(1.3, 2, from.lineHeight, DEFAULTS.lineHeight),
    width: oneOf(WIDTHS, from.width, DEFAULTS.width),
    dataSaver: from.dataSaver === true,
  };
}

function oneOf<T extends string>(allowed: readonly T[], found: unknown, otherwise: T): T {
  return allowed.find((one) => one === found) ?? otherwise;
}

function within(low: number, high: number, found: unknown, otherwise: number): number {
  return typeof found === 'number' && Number.isFinite(found) ? Math.min(high, Math.max(low, found)) : otherwise;
}
