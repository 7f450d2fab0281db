/** The sign-in of a native app. Only the server and the key chain are stood in for. */
import AsyncStorage from '@react-native-async-storage/async-storage';
import * as SecureStore from 'expo-secure-store';

import signedIn from '../__fixtures__/signed_in.json';

import * as client from '@/api/client';
import * as session from '@/state/session';

jest.mock('expo-secure-store', () => {
  const chain = new Map<string, string>();
  return {
    getItemAsync: jest.fn(async (key: string) => chain.get(key) ?? null),
    setItemAsync: jest.fn(async (key: string, secret: string) => void chain.set(key, secret)),
    deleteItemAsync: jest.fn(async (key: string) => void chain.delete(key)),
  };
});

const BLOG = 'https://blog.example';
const JSON_TYPE = { 'Content-Type': 'application/json' };
const chain = jest.mocked(SecureStore);
let asked: string[] = [];

type Server = (path: string, request: { token: string | null; body: Record<string, unknown> }) => Response | Promise<Response>;

function serve(server: Server): void {
  asked = [];
  globalThis.fetch = async (url, init) => {
    const path = String(url).replace(BLOG, '');
    asked.push(path);
    const token = new Headers(init?.headers).get('Authorization')?.replace('Bearer ', '') ?? null;
    return server(path, { token, body: JSON.parse(String(init?.body ?? '{}')) as Record<string, unknown> });
  };
}

const answer = (body: unknown, status = 200): Response => new Response(JSON.stringify(body), { status, headers: JSON_TYPE });
const unauthorised = (code = 'not-signed-in'): Response => answer({ code, status: 401 }, 401);
const tokens = (n: number) => ({
  ...signedIn,
  access_token: `access-${n}`,
  refresh_token: `refresh-${n}`,
  expires_at: new Date(Date.now() + 3_600_000).toISOString(),
});
const kept = async (): Promise<unknown> => JSON.parse(String(await SecureStore.getItemAsync('blogen.https___blog.example')));

/** The app, started anew on what lies on the device. */
async function start(): Promise<void> {
  Object.assign(client.connection, { origin: '', token: null });
  await session.startSession();
}

async function signIn(): Promise<void> {
  await start();
  serve((path) => answer(path === '/api/v1/site' ? { name: 'blogen', api: 1, title: 'Tea' } : tokens(1)));
  await session.connect('blog.example');
  await session.signIn({ handle: 'ann', password: 'correct horse battery' });
}

beforeEach(async () => {
  await AsyncStorage.clear();
  await SecureStore.deleteItemAsync('blogen.https___blog.example');
});

test('a sign-in survives a restart, and whatever the network and the server do but say 401', async () => {
  await signIn();
  await start();
  expect(session.getSession().person).toEqual(signedIn.person);
  for (const trouble of [
    () => Promise.reject(new TypeError('Network request failed')),
    () => answer({ code: 'too-many-attempts' }, 429),
    () => answer({ code: 'internal' }, 500),
    () => answer({ code: 'forbidden' }, 403),
    () => new Response('<html>Pay for the Wi-Fi</html>', { headers: { 'Content-Type': 'text/html' } }),
    () => new Response('{"id": "half', { headers: JSON_TYPE }),
  ] satisfies Server[]) {
    serve(trouble);
    expect(await session.checkPerson()).toBe(false);
    await expect(client.answerOf(client.api.GET('/api/v1/me'))).rejects.toBeDefined();
    expect(session.getSession().person).toEqual(signedIn.person);
  }
  expect(client.connection.token).toBe('access-1');
});

test('a 401 ends it, once the refresh is refused, too', async () => {
  await signIn();
  serve(() => unauthorised());
  await expect(client.answerOf(client.api.GET('/api/v1/me'))).rejects.toMatchObject({ kind: 'signed-out' });
  expect(asked).toEqual(['/api/v1/me', '/api/v1/auth/refresh']);
  await start();
  expect(session.getSession().person).toBeNull();
  expect(client.connection.token).toBeNull();
});

test('a wrong password ends no session', async () => {
  await signIn();
  serve(() => unauthorised('wrong-password'));
  await expect(session.signIn({ handle: 'ann', password: 'no' })).rejects.toMatchObject({ kind: 'wrong-password' });
  const body = { password: 'no', new_password: 'quite another horse' };
  await expect(client.answerOf(client.api.POST('/api/v1/auth/password', { body }))).rejects.toMatchObject({ kind: 'wrong-password' });
  expect(asked).toEqual(['/api/v1/auth/login', '/api/v1/auth/password']);
  expect(session.getSession().person).toEqual(signedIn.person);
});

test('requests that need a new token at the same time share one refresh', async () => {
  await signIn();
  let current = 'access-2';
  serve((path, { token, body }) => {
    if (path === '/api/v1/auth/refresh') {
      expect(body).toEqual({ refresh_token: 'refresh-1' });
      return answer(tokens(2));
    }
    return token === current ? answer(signedIn.person) : unauthorised();
  });
  const me = () => client.answerOf(client.api.GET('/api/v1/me'));
  await Promise.all([me(), me(), me(), session.checkPerson()]);
  expect(asked.filter((path) => path === '/api/v1/auth/refresh')).toHaveLength(1);
  expect(session.getSession().person).toEqual(signedIn.person);
  current = 'nobody knows';
});

test('a new refresh token is written down before anything is asked with its access token', async () => {
  await signIn();
  const written: unknown[] = [];
  let mayWrite = (): void => {};
  const writing = new Promise<void>((resolve) => {
    chain.setItemAsync.mockImplementationOnce(async (key, secret) => {
      resolve();
      await new Promise<void>((go) => (mayWrite = go));
      await SecureStore.setItemAsync(key, secret);
    });
  });
  serve(async (path, { token }) => {
    if (path === '/api/v1/auth/refresh') return answer(tokens(2));
    if (token !== 'access-2') return unauthorised();
    written.push(await kept());
    return answer(signedIn.person);
  });
  const asking = client.answerOf(client.api.GET('/api/v1/me'));
  await writing;
  expect(client.connection.token).toBe('access-1');
  expect(asked).toEqual(['/api/v1/me', '/api/v1/auth/refresh']);
  mayWrite();
  await asking;
  expect(written).toEqual([expect.objectContaining({ access: 'access-2', refresh: 'refresh-2' })]);
});

test('a refresh that could not be asked for is no sign-out', async () => {
  await signIn();
  serve((path) => (path === '/api/v1/auth/refresh' ? answer({ code: 'busy' }, 503) : unauthorised()));
  await expect(client.answerOf(client.api.GET('/api/v1/me'))).rejects.toMatchObject({ kind: 'busy' });
  expect(session.getSession().person).toEqual(signedIn.person);
  expect(await kept()).toMatchObject({ refresh: 'refresh-1' });
});

test('another person has another identity; signing out says farewell to the one that goes', async () => {
  await signIn();
  const ann = session.identityOf(session.getSession());
  const wiped: string[] = [];
  session.onFarewell((identity) => void wiped.push(identity));
  serve(() => new Response(null, { status: 204 }));
  await session.signOut();
  expect(wiped).toEqual([ann]);
  expect(await SecureStore.getItemAsync('blogen.https___blog.example')).toBeNull();
  expect(session.identityOf(session.getSession())).toBe(`${BLOG}|anyone`);

  serve(() => answer({ ...tokens(3), person: { ...signedIn.person, id: 'bob', handle: 'bob' } }));
  await session.signIn({ handle: 'bob', password: 'correct horse battery' });
  expect(session.identityOf(session.getSession())).toBe(`${BLOG}|bob`);
});

test('an app without a token asks nobody who it is', async () => {
  await start();
  serve((path) => (path === '/api/v1/site' ? answer({ name: 'blogen', api: 1, title: 'Tea' }) : unauthorised()));
  await session.connect('blog.example');
  asked = [];
  expect(await session.checkPerson()).toBe(true);
  expect(asked).toEqual([]);
});
