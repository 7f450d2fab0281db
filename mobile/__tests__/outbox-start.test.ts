/** The outbox of the app: it sends what waits only for the person whom the server knows. */
import AsyncStorage from '@react-native-async-storage/async-storage';

import job from '../__fixtures__/job_in_review.json';
import me from '../__fixtures__/me.json';

import { connection } from '@/api/client';
import { outbox, sendAct, startOutbox } from '@/state/outbox';
import { become, startSession, type Person } from '@/state/session';

jest.mock('@/state/secret', () => ({ ...jest.requireActual<object>('@/state/secret.web') }));

const BOX = `blogen.outbox.https://blog.example|${me.id}`;
const LIKE = { key: 'k1', act: { t: 'like', slug: 'tea', on: true }, tries: 0, parked: null };
let asked: string[] = [];

function serve(server: (call: string, init: RequestInit) => Response): void {
  asked = [];
  globalThis.fetch = async (url, init = {}) => {
    const call = `${init.method ?? 'GET'} ${String(url).replace('https://blog.example/api/v1', '')}`;
    asked.push(call);
    return server(call, init);
  };
}
const answer = (body: unknown, status = 200): Response =>
  new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } });

beforeEach(async () => {
  await AsyncStorage.clear();
  await AsyncStorage.setItem('blogen.session', JSON.stringify({ origin: 'https://blog.example', title: '', person: null }));
  await startSession();
  connection.token = 'access';
  await become(me as Person);
});

/** Wait until the open outbox is empty. */
const emptied = (): Promise<void> =>
  new Promise((resolve) => {
    const look = (): void => {
      if (outbox.entries.get().length > 0) return;
      stop();
      resolve();
    };
    const stop = outbox.entries.subscribe(look);
  });

test('what waited is sent at the start, after the server said who is there', async () => {
  await AsyncStorage.setItem(BOX, JSON.stringify([LIKE]));
  serve((call) => answer(call === 'GET /me' ? me : { slug: 'tea', counts: {}, viewer: {} }));
  const stop = await startOutbox();
  await emptied();
  expect(asked).toEqual(['GET /me', 'PUT /posts/tea/like']);
  stop();
});

test('if the server knows another person, it is kept for the first', async () => {
  await AsyncStorage.setItem(BOX, JSON.stringify([LIKE]));
  serve(() => answer({ ...me, id: 'bob', handle: 'bob' }));
  const stop = await startOutbox();
  await emptied(); // bob's is open now
  await outbox.drain();
  expect(asked).toEqual(['GET /me']);
  expect(JSON.parse(String(await AsyncStorage.getItem(BOX)))).toEqual([LIKE]);
  stop();
});

test('where nobody is signed in, nothing is asked', async () => {
  await become(null);
  serve(() => answer({}));
  await expect(sendAct({ t: 'like', slug: 'tea', on: true }, 'k')).rejects.toMatchObject({ kind: 'signed-out' });
  expect(asked).toEqual([]);
});

test.each(['approve', 'reject'] as const)('%s goes with its key: sent again, it has its first answer', async (verb) => {
  const keys: (string | null)[] = [];
  serve((_call, init) => {
    keys.push(new Headers(init.headers).get('Idempotency-Key'));
    return answer(job);
  });
  await sendAct({ t: 'decision', job: job.id, verb, note: '' }, 'k1');
  expect(asked).toEqual([`POST /jobs/${job.id}/${verb}`]);
  expect(keys).toEqual(['k1']);
});
