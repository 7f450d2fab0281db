/** What people write is hostile until it is drawn: it must be text, and no address but the web's may be opened. */
import { fireEvent, screen } from '@testing-library/react-native';
import { Linking } from 'react-native';

import { CommentText } from '@/components/CommentText';
import { partsOf, piecesOf, webAddress } from '@/lib/said';

import { begin, draw } from './stage';

beforeEach(() => begin());

test.each([
  ['javascript:alert(1)'], ['JaVaScRiPt:alert(1)'], [' javascript:alert(1)'], ['java\nscript:alert(1)'], ['data:text/html,<script>'],
  ['vbscript:x'], ['file:///etc/passwd'], ['intent://x#Intent;end'], ['blogen://pair?server=x'], ['//evil.example'], ['/api/v1/me'],
  ['https://'], ['https:///x'], ['https://a b'], ['https://x"onclick="y'], ['http://x\u0000.example'], [null], [{}], [['https://x.example']],
])('%p is no address that may be opened', (href) => {
  expect(webAddress(href)).toBeNull();
}); // prettier-ignore

test('an address of the web is opened outside the app', () => {
  const opened = jest.spyOn(Linking, 'openURL').mockResolvedValue(true);
  draw(<CommentText blocks={[{ t: 'p', runs: [{ text: 'look', href: 'https://example.org/tea' }] }]} />);
  fireEvent.press(screen.getByRole('link'));
  expect(opened).toHaveBeenCalledWith('https://example.org/tea');
});

test('a hostile address leaves only its text', () => {
  const opened = jest.spyOn(Linking, 'openURL').mockResolvedValue(true);
  opened.mockClear();
  draw(<CommentText blocks={[{ t: 'p', runs: [{ text: 'click', href: 'javascript:alert(1)' }] }]} />);
  expect(screen.queryByRole('link')).toBeNull();
  fireEvent.press(screen.getByText('click'));
  expect(opened).not.toHaveBeenCalled();
});

test('markup is text', () => {
  draw(<CommentText blocks={[{ t: 'p', runs: [{ text: '<img src=x onerror=alert(1)>' }] }]} />);
  expect(screen.getByText('<img src=x onerror=alert(1)>')).toBeTruthy();
});

test.each([
  [null], ['<p>html</p>'], [{}], [[null, 7, 'x', []]], [[{ t: 'script', text: 'alert(1)' }]], [[{ t: 'html', html: '<b>' }]],
  [[{ t: 'img', url: 'https://tracker.example/x.gif', alt: 'x' }]],
])('%j draws nothing, and breaks nothing', (blocks) => {
  expect(partsOf(blocks)).toEqual([]);
  draw(<CommentText blocks={blocks} />);
}); // prettier-ignore

test('blocks whose members are of the wrong kind become empty parts', () => {
  const blocks = [{ t: 'p', runs: 'x' }, { t: 'ul', items: [null, [{ text: 7, b: 'yes' }]] }, { t: 'code', text: {} }, { t: 'ol', start: 'x', items: {} }];
  expect(partsOf(blocks)).toEqual([
    { t: 'p', runs: [] },
    {
      t: 'list',
      items: [
        { mark: '•', runs: [] },
        { mark: '•', runs: [{ text: '', bold: false, slanted: false, code: false, href: null }] },
      ],
    },
    { t: 'code', text: '' },
    { t: 'list', items: [] },
  ]);
});

test.each([
  ['@ann and @Bob_2.', ['@ann', '@Bob_2']],
  ['mail ann@example.org', []],
  ['https://x.example/@ann', []],
  ['@', []],
  ['(@ann)', ['@ann']],
])('%p mentions %p', (text, mentions) => {
  const pieces = piecesOf(text);
  expect(pieces.filter((one) => one.isMention).map((one) => one.text)).toEqual(mentions);
  expect(pieces.map((one) => one.text).join('')).toBe(text);
});
