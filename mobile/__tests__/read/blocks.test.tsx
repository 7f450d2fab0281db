import { fireEvent, screen } from '@testing-library/react-native';
import { Linking, StyleSheet } from 'react-native';

import fixture from '../../__fixtures__/post.json';

import type { Block, Post, Run } from '@/api/queries/posts';
import { Blocks } from '@/components/Blocks';
import { safeAddress, slugOf } from '@/lib/address';
import { setPrefs } from '@/state/prefs';
import { strings } from '@/strings';

import { begin, draw } from '../talk/stage';

const post = fixture as unknown as Post;
const paragraph = (...runs: Run[]): Block => ({ id: 'p1', t: 'p', runs }) as Block;

let opened: jest.SpyInstance;

beforeEach(async () => {
  await begin();
  await setPrefs({ dataSaver: false });
  opened = jest.spyOn(Linking, 'openURL').mockResolvedValue(true);
  opened.mockClear();
});

function show(blocks: readonly Block[], more: Partial<Parameters<typeof Blocks>[0]> = {}) {
  return draw(<Blocks blocks={blocks} language="en" onNote={() => {}} {...more} />);
}

test('every kind of block is drawn, each in its own way', () => {
  show(post.blocks);
  expect(new Set(post.blocks.map(({ t }) => t))).toEqual(new Set(['p', 'h', 'quote', 'ul', 'ol', 'code', 'img', 'hr', 'table', 'note']));
  for (const { id } of post.blocks) expect(screen.getByTestId(`block-${id}`)).toBeTruthy();
  expect(screen.getByRole('heading', { name: 'A heading' })).toBeTruthy();
  expect(StyleSheet.flatten(screen.getByText('bold').props.style)).toMatchObject({ fontWeight: '700' });
  expect(StyleSheet.flatten(screen.getByText('slanted').props.style)).toMatchObject({ fontStyle: 'italic' });
  expect(screen.getAllByText('•')).toHaveLength(2);
  expect(screen.getByText('2.')).toBeTruthy();
  expect(screen.getByText('print("tea")')).toBeTruthy();
  expect(screen.getByText('°C')).toBeTruthy();
  expect(screen.getByText('70')).toBeTruthy();
  // A picture has its words, and its place before it is there.
  expect(StyleSheet.flatten(screen.getByLabelText('A cup of tea').props.style)).toMatchObject({ aspectRatio: 1200 / 675 });
});

test('an unknown kind is skipped, and what stands around it is not', () => {
  const hologram = { id: 'x', t: 'hologram', runs: [{ text: 'from the future' }] } as unknown as Block;
  show([hologram, paragraph({ text: 'Here.' })]);
  expect(screen.queryByText('from the future')).toBeNull();
  expect(screen.getByText('Here.')).toBeTruthy();
});

test.each([
  'javascript:alert(1)', 'JaVaScRiPt:alert(1)', ' javascript:alert(1)', 'java\nscript:alert(1)', 'data:text/html,<script>1</script>',
  'vbscript:x', 'file:///etc/passwd', '//elsewhere.example/x', '/\\elsewhere.example', 'intent://x#Intent;end', 'https://a b', 'blogen://x', '', '#x',
])('%p is text, never opened', (href) => {
  expect(safeAddress(href)).toBeNull();
  show([paragraph({ text: 'touch me', href })]);
  expect(screen.queryByRole('link')).toBeNull();
  fireEvent.press(screen.getByText('touch me'));
  expect(opened).not.toHaveBeenCalled();
}); // prettier-ignore

test('a link of the web is opened, and a post of this blog is shown by the app itself', () => {
  show([paragraph({ text: 'there', href: 'https://example.org/tea' })]);
  fireEvent.press(screen.getByRole('link', { name: 'there' }));
  expect(opened).toHaveBeenCalledWith('https://example.org/tea');
  expect(slugOf(safeAddress('/p/every-block') ?? '')).toBe('every-block');
  expect(slugOf('https://elsewhere.example/p/every-block')).toBeNull();
});

test('a mark of a source opens its note', () => {
  const onNote = jest.fn();
  show(post.blocks, { onNote });
  fireEvent.press(screen.getAllByRole('button', { name: strings.reading.openNote('1') })[0]!);
  expect(onNote).toHaveBeenCalledWith('7d5eoeys');
});

test('with the data saver a picture comes when it is asked for', async () => {
  await setPrefs({ dataSaver: true });
  show(post.blocks);
  expect(screen.queryByLabelText('A cup of tea')).toBeNull();
  fireEvent.press(screen.getByRole('button', { name: new RegExp(strings.reading.imageless) }));
  expect(screen.getByLabelText('A cup of tea')).toBeTruthy();
});
