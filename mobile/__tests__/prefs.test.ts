import { DEFAULTS, getPrefs, loadPrefs, readPrefs, setPrefs } from '@/state/prefs';

test.each([[null], ['{'], ['[]'], ['{"theme": "pink", "textSize": "big"}']])('%s becomes the defaults', (stored) => {
  expect(readPrefs(stored)).toEqual(DEFAULTS);
});

test('what is out of range is brought into it, and remembered', async () => {
  await setPrefs({ textSize: 900, theme: 'sepia' });
  await loadPrefs();
  expect(getPrefs()).toEqual({ ...DEFAULTS, textSize: 200, theme: 'sepia' });
});
