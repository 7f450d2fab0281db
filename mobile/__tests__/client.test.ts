import { answerOf, api, connection } from '@/api/client';

const page = { 'Content-Type': 'text/html' };
const json = { 'Content-Type': 'application/json' };
const site = () => answerOf(api.GET('/api/v1/site'));
const answers = (body: string, init: ResponseInit): void => {
  globalThis.fetch = async () => new Response(body, init);
};
const problem = (code: string): string => JSON.stringify({ code, errors: [{ path: 'topic', message: 'is too long' }] });

beforeEach(() => {
  Object.assign(connection, { origin: 'https://blog.example', token: null, renew: async () => false, signedOut: jest.fn() });
});

test.each([
  [200, '<html>', page, 'wrong-address'],
  [200, '{"name": "blo', json, 'broken-answer'],
  [401, problem('not-signed-in'), json, 'signed-out'],
  [401, problem('wrong-password'), json, 'wrong-password'],
  [403, problem('forbidden'), json, 'refused'],
  [404, problem('not-found'), json, 'gone'],
  [405, problem('wrong-method'), json, 'old-server'],
  [412, problem('changed-meanwhile'), json, 'changed'],
  [422, problem('invalid-input'), json, 'invalid'],
  [429, problem('too-many-attempts'), { ...json, 'Retry-After': '7' }, 'too-many'],
  [502, '<html>', page, 'busy'],
  [500, problem('internal'), json, 'server'],
])('status %s with %s is its own trouble', async (status, body, headers, kind) => {
  answers(body, { status, headers });
  await expect(site()).rejects.toMatchObject({ kind });
});

test('fields and seconds are told', async () => {
  answers(problem('invalid-input'), { status: 429, headers: { ...json, 'Retry-After': '7' } });
  await expect(site()).rejects.toMatchObject({ seconds: 7, fields: { topic: 'is too long' } });
});

test('only a 401 ends the sign-in, and only once renewing failed', async () => {
  globalThis.fetch = async () => {
    throw new TypeError('Network request failed');
  };
  await expect(site()).rejects.toMatchObject({ kind: 'offline' });
  expect(connection.signedOut).not.toHaveBeenCalled();
  answers(problem('not-signed-in'), { status: 401, headers: json });
  await expect(site()).rejects.toMatchObject({ kind: 'signed-out' });
  expect(connection.signedOut).toHaveBeenCalledTimes(1);
});
