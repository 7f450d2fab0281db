/** Streams of events: taken up where they broke, more slowly each time, and shared. */
import { act, renderHook } from '@testing-library/react-native';
import { AppState, type AppStateStatus } from 'react-native';

import me from '../__fixtures__/me.json';

import { connection } from '@/api/client';
import { CAN_STREAM, listen, parseEvent, POLL_MS, readEvents, type LineState, type ServerEvent } from '@/state/events';
import { useMyEvents } from '@/state/my-events';
import { become, type Person } from '@/state/session';

jest.mock('@/api/client', () => ({ ...jest.requireActual<object>('@/api/client'), IS_WEB: true }));

interface Asked {
  path: string;
  since: string | null;
  signal: AbortSignal;
  /** Send text down the stream; null breaks it. */
  say(text: string | null): void;
}

let asked: Asked[] = [];
let wake = (): void => {};

/** Wait until the blog has been asked `count` times in all. */
async function askedTimes(count: number): Promise<Asked> {
  while (asked.length < count) await new Promise<void>((resolve) => (wake = resolve));
  return asked[count - 1] as Asked;
}

function serve(status: (count: number) => number = () => 200): void {
  asked = [];
  globalThis.fetch = async (url, init) => {
    let control: ReadableStreamDefaultController<Uint8Array> | undefined;
    const body = new ReadableStream<Uint8Array>({ start: (started) => void (control = started) });
    const signal = init?.signal as AbortSignal;
    const bytes = new TextEncoder();
    const say = (text: string | null): void => (text === null ? control?.error(new Error('broken')) : control?.enqueue(bytes.encode(text)));
    signal.onabort = () => control?.error(new Error('aborted'));
    asked.push({ path: String(url), since: new Headers(init?.headers).get('Last-Event-ID'), signal, say });
    const code = status(asked.length);
    setImmediate(() => wake());
    return { status: code, ok: code < 400, body } as Response;
  };
}

beforeEach(() => {
  Object.assign(connection, { origin: 'https://blog.example', token: null });
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'queueMicrotask', 'nextTick'] });
});
afterEach(() => jest.useRealTimers());

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a stream that breaks goes on after the last event that was heard', async () => {
  serve();
  const heard: (string | null)[] = [];
  const states: LineState[] = [];
  const stop = listen('/api/v1/jobs/7/events', (event) => heard.push(event.id), { changed: (state) => states.push(state) });
  const first = await askedTimes(1);
  expect(first.since).toBeNull();
  first.say('id: 41\nevent: moved\ndata: {}\n\nevent: text\ndata: {}\n\nid: 4');
  await turn();
  first.say(null);
  await turn();
  await jest.advanceTimersByTimeAsync(1000);
  const second = await askedTimes(2);
  expect(second.since).toBe('41');
  expect(heard).toEqual(['41', null]);
  expect(states).toEqual(['open', 'broken', 'open']);
  stop();
  expect(second.signal.aborted).toBe(true);
});

test('each failure doubles the pause, up to a minute; an event makes it short again', async () => {
  jest.spyOn(Math, 'random').mockReturnValue(1);
  serve((count) => (count === 9 ? 200 : 503));
  const stop = listen('/api/v1/me/events', () => {});
  await turn();
  for (const [count, pause] of [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000].entries()) {
    await jest.advanceTimersByTimeAsync(pause - 1);
    expect(asked).toHaveLength(count + 1);
    await jest.advanceTimersByTimeAsync(1);
    await turn();
    expect(asked).toHaveLength(count + 2);
  }
  asked[8]?.say('event: ready\ndata: {}\n\n');
  await turn();
  asked[8]?.say(null);
  await turn();
  await jest.advanceTimersByTimeAsync(1000);
  expect(asked).toHaveLength(10);
  stop();
});

test.each([204, 401, 403, 404])('%s ends it for good', async (status) => {
  serve(() => status);
  const ended = new Promise<LineState>((resolve) => listen('/api/v1/jobs/7/events', () => {}, { changed: resolve }));
  expect(await ended).toBe('ended');
  await jest.advanceTimersByTimeAsync(600_000);
  expect(asked).toHaveLength(1);
});

test('a minute of silence is a dead connection', async () => {
  const stream = new ReadableStream<Uint8Array>({ start: () => {} });
  let hasEnded = false;
  const reading = readEvents(stream, () => {}).then(() => (hasEnded = true));
  await jest.advanceTimersByTimeAsync(59_999);
  expect(hasEnded).toBe(false);
  await jest.advanceTimersByTimeAsync(1);
  await reading;
});

test.each([
  [': a comment', null],
  ['data: {half', null],
  ['id: 7\r\nevent: moved\r\ndata: {"a":\r\ndata: 1}', { id: '7', event: 'moved', data: { a: 1 } }],
  ['data: 1', { id: null, event: 'message', data: 1 }],
])('%j is %j', (text, event) => {
  expect(parseEvent(text)).toEqual(event);
});

test('all who listen for a person share one stream, in front only, and it goes on after a pause', async () => {
  expect(CAN_STREAM).toBe(true);
  expect(POLL_MS).toBeGreaterThanOrEqual(2000);
  let moved = (_: AppStateStatus): void => {};
  jest.spyOn(AppState, 'addEventListener').mockImplementation((_kind, hear) => {
    moved = hear as typeof moved;
    return { remove: () => {} };
  });
  const go = (state: AppStateStatus): void => {
    AppState.currentState = state;
    moved(state);
  };
  serve();
  AppState.currentState = 'active';
  const heard: Record<string, ServerEvent[]> = { feed: [], badge: [] };
  const feed = renderHook(() => useMyEvents((event) => heard.feed?.push(event)));
  const badge = renderHook(() => useMyEvents((event) => heard.badge?.push(event)));
  expect(asked).toHaveLength(0); // nobody is signed in
  await act(() => become(me as Person));
  const first = await askedTimes(1);
  first.say('id: 5\nevent: post\ndata: {}\n\n');
  await turn();
  expect([heard.feed, heard.badge].map((all) => all?.map(({ id }) => id))).toEqual([['5'], ['5']]);

  go('background');
  expect(first.signal.aborted).toBe(true);
  go('active');
  expect((await askedTimes(2)).since).toBe('5');

  feed.unmount();
  expect(asked[1]?.signal.aborted).toBe(false);
  await act(() => become({ ...me, id: 'bob' } as Person));
  expect(asked[1]?.signal.aborted).toBe(true);
  expect((await askedTimes(3)).since).toBeNull();
  badge.unmount();
  expect(asked[2]?.signal.aborted).toBe(true);
  expect(asked).toHaveLength(3);
});
