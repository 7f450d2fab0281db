/** Colours, spaces and sizes. Nothing else in the app names a colour or a pixel of type. */

export interface Colours {
  ground: string;
  surface: string;
  sunken: string;
  line: string;
  ink: string;
  quiet: string;
  accent: string;
  onAccent: string;
  accentSoft: string;
  danger: string;
  dangerSoft: string;
  good: string;
  warn: string;
  shade: string;
}

export type ThemeName = 'light' | 'dark' | 'black' | 'sepia';

/** Text on its ground has a contrast of at least 4.5 in each of them; `quiet` too. */
export const colours: Record<ThemeName, Colours> = {
  light: {
    ground: '#fbfaf7', surface: '#ffffff', sunken: '#f1efe9', line: '#dedbd2', ink: '#1d1c1a', quiet: '#5f5c55',
    accent: '#8f3d1c', onAccent: '#ffffff', accentSoft: '#f6e7de', danger: '#a3231f', dangerSoft: '#fbe9e7',
    good: '#1d6b3a', warn: '#7a4d00', shade: 'rgba(20, 20, 18, 0.45)',
  },
  dark: {
    ground: '#16171a', surface: '#1f2124', sunken: '#101113', line: '#34373c', ink: '#e6e4df', quiet: '#a5a39d',
    accent: '#f0a67c', onAccent: '#2b1206', accentSoft: '#3a281f', danger: '#ff9a92', dangerSoft: '#3b2120',
    good: '#8fd3a5', warn: '#f0c26c', shade: 'rgba(0, 0, 0, 0.6)',
  },
  black: {
    ground: '#000000', surface: '#0d0e0f', sunken: '#000000', line: '#2a2c30', ink: '#dddbd6', quiet: '#9c9a94',
    accent: '#f0a67c', onAccent: '#2b1206', accentSoft: '#261811', danger: '#ff9a92', dangerSoft: '#2d1716',
    good: '#8fd3a5', warn: '#f0c26c', shade: 'rgba(0, 0, 0, 0.7)',
  },
  sepia: {
    ground: '#f5ecd9', surface: '#fbf4e4', sunken: '#ebdfc6', line: '#d8c9aa', ink: '#3a2f20', quiet: '#69593f',
    accent: '#7a3e10', onAccent: '#fff8ea', accentSoft: '#eeddc0', danger: '#94261f', dangerSoft: '#f5dccf',
    good: '#3f5e22', warn: '#724800', shade: 'rgba(58, 47, 32, 0.45)',
  },
};

export const space = { xs: 4, s: 8, m: 12, l: 16, xl: 24, xxl: 40 } as const;
export const radius = { s: 6, m: 10, l: 16, round: 999 } as const;

/** The smallest side of anything one touches. */
export const TARGET = 44;

/** Sizes at 100 %; `lead` and `prose` are the reader's. */
export const type = {
  display: { size: 30, line: 1.2, weight: '700' },
  title: { size: 22, line: 1.25, weight: '700' },
  heading: { size: 18, line: 1.3, weight: '600' },
  body: { size: 16, line: 1.5, weight: '400' },
  strong: { size: 16, line: 1.5, weight: '600' },
  small: { size: 14, line: 1.4, weight: '400' },
  label: { size: 14, line: 1.3, weight: '600' },
  lead: { size: 20, line: 1.5, weight: '400' },
  prose: { size: 18, line: 1.6, weight: '400' },
} as const;

export type TypeName = keyof typeof type;
