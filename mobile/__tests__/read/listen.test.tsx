import { act, renderHook } from '@testing-library/react-native';
import * as Speech from 'expo-speech';

import fixture from '../../__fixtures__/post.json';

import type { Post } from '@/api/queries/posts';
import { useListening, type Listening } from '@/components/Listen';
import { partsOf, spokenOf } from '@/lib/speech';

jest.mock('expo-speech');

const post = fixture as unknown as Post;
const voice = jest.mocked(Speech);
const ids = spokenOf(post.blocks).map(({ id }) => id);

beforeEach(() => jest.clearAllMocks());

const listen = () => renderHook<Listening, { blocks: Post['blocks'] }>(({ blocks }) => useListening(blocks, 'en'), { initialProps: { blocks: post.blocks } });
const said = () => voice.speak.mock.calls.map(([words]) => words);
/** The voice has said what it was told last. */
const finish = (): void => void act(() => voice.speak.mock.lastCall?.[1]?.onDone?.());

test('block after block is said, and the one being said is known', () => {
  const { result } = listen();
  expect(result.current.block).toBeNull();
  act(() => result.current.start());
  expect(said()).toEqual(['A heading']);
  expect(result.current.block).toBe(ids[0]);
  finish();
  expect(result.current.block).toBe(ids[1]);
  expect(said().at(-1)).toBe('Plain, bold, slanted, code and a link, cited.'); // without the mark
  for (let at = 1; at < ids.length; at += 1) finish();
  expect(result.current.state).toBe('off');
  expect(result.current.block).toBeNull();
});

test('next and previous move at once, and what the interrupted voice tells is not heard', () => {
  const { result } = listen();
  act(() => result.current.start());
  const first = voice.speak.mock.lastCall?.[1];
  act(() => result.current.next());
  expect(voice.stop).toHaveBeenCalled();
  expect(result.current.block).toBe(ids[1]);
  act(() => first?.onDone?.());
  expect(result.current.block).toBe(ids[1]);
  act(() => result.current.previous());
  act(() => result.current.previous()); // before the first there is nothing
  expect(result.current.block).toBe(ids[0]);
});

test('a pause keeps the block; going on begins it again, at the chosen speed', () => {
  const { result } = listen();
  act(() => result.current.start(ids[2]));
  act(() => result.current.pause());
  expect(result.current).toMatchObject({ state: 'paused', block: ids[2] });
  act(() => result.current.changeRate());
  const before = said().length;
  act(() => result.current.start());
  expect(said()).toHaveLength(before + 1);
  expect(voice.speak.mock.lastCall?.[1]).toMatchObject({ rate: 1.25, language: 'en' });
  expect(result.current.block).toBe(ids[2]);
});

test('leaving the post, or another post in its place, silences the voice', () => {
  const { result, rerender, unmount } = listen();
  act(() => result.current.start());
  voice.stop.mockClear();
  rerender({ blocks: post.blocks.slice(1) });
  expect(voice.stop).toHaveBeenCalled();
  expect(result.current.state).toBe('off');
  act(() => result.current.start());
  voice.stop.mockClear();
  unmount();
  expect(voice.stop).toHaveBeenCalled();
});

test('a voice that fails or never begins is told, and the bar goes', () => {
  jest.useFakeTimers();
  const { result } = listen();
  act(() => result.current.start());
  act(() => voice.speak.mock.lastCall?.[1]?.onError?.(new Error('synthesis-failed')));
  expect(result.current.state).toBe('off');
  act(() => result.current.start());
  act(() => jest.advanceTimersByTime(6000));
  expect(result.current.state).toBe('off');
  jest.useRealTimers();
});

test('long text is said in pieces that end with sentences, and no word is lost', () => {
  const text = 'One sentence of the text stands here. '.repeat(30).trim();
  const parts = partsOf(text);
  expect(parts.length).toBeGreaterThan(3);
  expect(parts.every((part) => part.length <= 240 && part.endsWith('.'))).toBe(true);
  expect(parts.join(' ')).toBe(text);
  expect(partsOf('x'.repeat(500)).join('')).toBe('x'.repeat(500));
});
