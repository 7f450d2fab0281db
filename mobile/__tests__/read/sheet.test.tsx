import { act, fireEvent, screen, waitFor } from '@testing-library/react-native';
import { StyleSheet } from 'react-native';

import { ReadingSheet } from '@/components/ReadingSheet';
import { DEFAULTS, getPrefs, loadPrefs, setPrefs } from '@/state/prefs';
import { strings } from '@/strings';
import { colours } from '@/theme/tokens';

import { begin, draw } from '../talk/stage';

const words = strings.reading;
const button = (name: string) => screen.getByRole('button', { name });
const sample = () => StyleSheet.flatten(screen.getByText(words.sample).props.style) as { fontSize: number; lineHeight: number; color: string };

beforeEach(async () => {
  await begin();
  await setPrefs(DEFAULTS);
  draw(<ReadingSheet open onClose={() => {}} />);
});

test('what is chosen is seen at once, and still there after a restart', async () => {
  const before = sample();
  fireEvent.press(button(words.larger));
  fireEvent.press(button(words.looser));
  fireEvent.press(button(words.themes.black));
  fireEvent.press(button(words.widths.wide));
  await waitFor(() => expect(sample().color).toBe(colours.black.ink));
  expect(sample().fontSize).toBeCloseTo(before.fontSize * 1.1);
  expect(sample().lineHeight / sample().fontSize).toBeGreaterThan(before.lineHeight / before.fontSize);
  const chosen = { ...DEFAULTS, textSize: 110, lineHeight: 1.7, theme: 'black', width: 'wide' };
  expect(getPrefs()).toEqual(chosen);
  await act(loadPrefs);
  expect(getPrefs()).toEqual(chosen);
});

test('the size stays between 80 and 200 percent', () => {
  for (let press = 0; press < 15; press += 1) fireEvent.press(button(words.larger));
  expect(screen.getByText('200 %')).toBeTruthy();
  for (let press = 0; press < 20; press += 1) fireEvent.press(button(words.smaller));
  expect(screen.getByText('80 %')).toBeTruthy();
});
