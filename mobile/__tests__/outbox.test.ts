import AsyncStorage from '@react-native-async-storage/async-storage';

import { Trouble } from '@/api/trouble';
import { Outbox, type Act } from '@/state/outbox';

const like = (on: boolean): Act => ({ t: 'like', slug: 'tea', on });
const comment: Act = { t: 'comment', slug: 'tea', parent: null, text: 'I measured it.' };
const offline = async (): Promise<never> => {
  throw new Trouble('offline');
};

async function opened(send: (act: Act, key: string) => Promise<unknown>): Promise<Outbox> {
  const outbox = new Outbox(send);
  await outbox.open('https://blog.example|ann');
  return outbox;
}

beforeEach(() => AsyncStorage.clear());

test('an act is answered, and sent once', async () => {
  const sent: Act[] = [];
  const outbox = await opened(async (act) => sent.push(act));
  expect(await outbox.perform(like(true))).toBe(1);
  await outbox.drain();
  expect(sent).toEqual([like(true)]);
});

test('what was done offline survives a restart and is sent in order with the key it had', async () => {
  const before: string[] = [];
  const first = await opened(async (_act, key) => {
    before.push(key);
    return offline();
  });
  expect(await first.perform(comment)).toBeNull();
  expect(await first.perform(like(true))).toBeNull();

  const after: [Act, string][] = [];
  const second = await opened(async (act, key) => after.push([act, key]));
  await second.drain();
  expect(after.map(([act]) => act)).toEqual([comment, like(true)]);
  expect(after[0]?.[1]).toBe(before[0]);
  expect(second.entries.get()).toEqual([]);
});

test('of a like and an unlike that wait, the last one counts', async () => {
  const outbox = await opened(offline);
  await outbox.perform(comment); // stands first, so what follows is never tried
  await outbox.perform(like(true));
  await outbox.perform(like(false));
  expect(outbox.entries.get().map((one) => one.act)).toEqual([comment, like(false)]);
});

test('an act that comes while another cannot be sent is tried itself, and hears its own answer', async () => {
  let second: Promise<unknown> | null = null;
  const outbox = await opened(async (act) => {
    if (second !== null) return act.t;
    second = outbox.perform({ t: 'follow', of: 'tag', name: 'tea', on: true });
    return offline();
  });
  expect(await outbox.perform(like(true))).toBeNull();
  expect(await second).toBe('follow');
});

test('a refusal is told to whoever waits; a comment refused later is parked with its words', async () => {
  const refuse = async (): Promise<never> => {
    throw new Trouble('refused', { detail: 'Comments are closed.' });
  };
  await expect((await opened(refuse)).perform(like(true))).rejects.toMatchObject({ kind: 'refused' });
  await (await opened(offline)).perform(comment);
  const later = await opened(refuse);
  await later.drain();
  expect(later.entries.get()).toMatchObject([{ act: comment, parked: { kind: 'refused', words: 'Comments are closed.' } }]);
});

test('what waits for one person is never sent for the next, and is still there when they come back', async () => {
  const sent: string[] = [];
  let answerFirst = (): void => {};
  let isSent = (): void => {};
  const first = new Promise<void>((resolve) => (isSent = resolve));
  const outbox = await opened(async (act) => {
    sent.push(`${person}: ${act.t}`);
    isSent();
    if (sent.length === 1) await new Promise<void>((resolve) => (answerFirst = resolve));
  });
  let person = 'ann';
  const commented = outbox.perform(comment);
  const liked = outbox.perform(like(true));
  await first; // the comment is on its way
  person = 'bob';
  await outbox.open('https://blog.example|bob');
  expect(outbox.entries.get()).toEqual([]);
  const bookmarked = outbox.perform({ t: 'bookmark', slug: 'tea', on: true, list: null });
  answerFirst();
  await Promise.all([commented, bookmarked]);
  expect(await liked).toBeNull(); // it waits
  expect(sent).toEqual(['ann: comment', 'bob: bookmark']);
  expect(outbox.entries.get()).toEqual([]);

  person = 'ann';
  await outbox.open('https://blog.example|ann');
  expect(outbox.entries.get()).toMatchObject([{ act: like(true) }]);
  await outbox.drain();
  expect(sent).toEqual(['ann: comment', 'bob: bookmark', 'ann: like']);
});

test.each<Act>([
  { t: 'decision', job: '7', verb: 'reject', note: 'Too dry.' },
  { t: 'revise', job: '7', note: 'Begin with the example.', strike: ['q3kd7xza'], revision: 'r1' },
])('a $t made offline is delivered once with the key it had; if the job has moved, its note stays', async (act) => {
  const keys: string[] = [];
  const first = await opened(async (_act, key) => {
    keys.push(key);
    return offline();
  });
  expect(await first.perform(act)).toBeNull();
  const moved = await opened(async (_act, key) => {
    keys.push(key);
    throw new Trouble('changed', { detail: 'It is published.' });
  });
  await moved.drain();
  await moved.drain();
  expect(keys).toEqual([keys[0], keys[0]]);
  expect(moved.entries.get()).toMatchObject([{ act, parked: { kind: 'changed', words: 'It is published.' } }]);
});
