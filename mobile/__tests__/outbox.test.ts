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
