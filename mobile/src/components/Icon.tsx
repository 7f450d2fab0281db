import { useTheme, type Colours } from '@/theme';

import { Drawing } from './Drawing';

/** Our own strokes on a field of 24 by 24: an icon font would weigh 390 KB. */
const PATHS = {
  feed: 'M4 6h16M4 12h16M4 18h10',
  explore: 'M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16.5 16.5 21 21',
  desk: 'M4 20l1-5L16 4l4 4L9 19zM13 7l4 4',
  saved: 'M6 3h12v18l-6-5-6 5z',
  you: 'M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4 21c1-4.500 4-6 8-6s7 1.500 8 6',
  like: 'M12 20C5 15 3 11.500 3 8.500A4.500 4.500 0 0 1 12 7a4.500 4.500 0 0 1 9 1.500C21 11.500 19 15 12 20z',
  comment: 'M4 5h16v11H10l-5 4v-4H4z',
  share: 'M12 15V4M8 7.500 12 3.500l4 4M5 12v8h14v-8',
  back: 'M15 5l-7 7 7 7',
  next: 'M9 5l7 7-7 7',
  phone: 'M8 3h8a1 1 0 0 1 1 1v16a1 1 0 0 1-1 1H8a1 1 0 0 1-1-1V4a1 1 0 0 1 1-1zM11 18h2',
  lock: 'M6 11h12v9H6zM8.500 11V8a3.500 3.500 0 0 1 7 0v3',
  hide: 'M3 3l18 18M10 6.200A9 9 0 0 1 21 12a12 12 0 0 1-2.600 3.600M6.500 7.500A12 12 0 0 0 3 12a9.500 9.500 0 0 0 12 4.600',
  close: 'M6 6l12 12M18 6 6 18',
  more: 'M5 12h.01M12 12h.01M19 12h.01',
  bell: 'M6 17V11a6 6 0 0 1 12 0v6l1.500 1.500h-15zM10 21h4',
  text: 'M3 18 8 6l5 12M4.700 14h6.600M14 18l3.500-8 3.500 8M15.200 15.500h4.600',
  listen: 'M4 10v4h4l5 4V6l-5 4zM16.500 9a4 4 0 0 1 0 6',
  check: 'M4 12.500l5 5L20 6.500',
  play: 'M8 5l11 7-11 7z',
  pause: 'M8 5v14M16 5v14',
  skip: 'M6 5l9 7-9 7zM18 5v14',
  skipBack: 'M18 5l-9 7 9 7zM6 5v14',
  renew: 'M20 5v5h-5M19.500 10A8 8 0 1 0 20 14',
  minus: 'M5 12h14',
  plus: 'M12 5v14M5 12h14',
  offline: 'M3 3l18 18M5 12a10 10 0 0 1 4-2.300M19 12a10 10 0 0 0-5-2.600M8.500 15.500a5 5 0 0 1 5-1M12 19h.01',
} as const;

export type IconName = keyof typeof PATHS;

interface Props {
  name: IconName;
  size?: number;
  tone?: keyof Colours;
  /** In place of a tone, where something else decides (tabs). */
  colour?: string;
  filled?: boolean;
}

/** Decoration only: whatever it stands on has the label. */
export function Icon({ name, size = 24, tone = 'ink', colour, filled = false }: Props) {
  const theme = useTheme();
  const stroke = colour ?? theme.colours[tone];
  return <Drawing size={size} field={24} path={PATHS[name]} stroke={stroke} fill={filled ? stroke : 'none'} />;
}
