/**
 * The typed client of the blog's API. `api.GET('/api/v1/…')` answers through `ask`, which knows time-outs, tokens and
 * every way to fail: what it throws is a `Trouble`. Call it inside `answerOf`, which hands back the body.
 */
import createClient from 'openapi-fetch';
import { Platform } from 'react-native';

import type { components, paths } from './schema';
import { Trouble, troubleOfAnswer, troubleOfFailure } from './trouble';

export type Schema = components['schemas'];

export const TIMEOUT_MS = 20_000;
export const IS_WEB = Platform.OS === 'web';

/** Who is asked, and as whom. `state/session.ts` fills it in. */
export interface Connection {
  /** `https://blog.example`, without a slash at its end; empty: none yet. */
  origin: string;
  /** The access token; null on the web, where the cookie goes along by itself. */
  token: string | null;
  /** Get a new access token. False: there is none to be had. Throws `Trouble` if it cannot be asked for now. */
  renew(): Promise<boolean>;
  /** The server said 401: whoever was signed in no longer is. */
  signedOut(): void;
}

export const connection: Connection = {
  origin: IS_WEB && typeof location !== 'undefined' ? location.origin : '',
  token: null,
  renew: async () => false,
  signedOut: () => {},
};

/** An address of the API or of a picture; those of the server begin with a slash. */
export function addressOf(path: string): string {
  return path.startsWith('/') ? connection.origin + path : path;
}

// openapi-fetch wants an absolute address before `ask` runs; `ask` puts the connected server's in its place.
const NOWHERE = 'http://blog.invalid';
export const api = createClient<paths>({ baseUrl: NOWHERE, fetch: ask });

/** The body of an answer. (A 204 has none.) */
export async function answerOf<T>(asked: Promise<{ data?: T; response: Response }>): Promise<T> {
  return (await wholeAnswerOf(asked)).data;
}

/** The body and its ETag, for a later `If-Match`. */
export async function wholeAnswerOf<T>(
  asked: Promise<{ data?: T; response: Response }>,
): Promise<{ data: T; etag: string | null }> {
  const { data, response } = await asked;
  return { data: data as T, etag: response.headers.get('ETag') };
}

/** What openapi-fetch made, sent by `exchange`. */
export async function ask(asked: Request): Promise<Response> {
  const hasBody = asked.method !== 'GET' && asked.method !== 'HEAD';
  const body = hasBody ? await asked.text() : '';
  return exchange(asked.url.replace(NOWHERE, ''), {
    method: asked.method,
    headers: asked.headers,
    signal: asked.signal,
    ...(body === '' ? null : { body }),
  });
}

/** Send a request to the connected blog; with a token that is too old, get a new one and send it once more. */
export async function exchange(path: string, init: RequestInit): Promise<Response> {
  if (connection.origin === '') throw new Trouble('wrong-address', { detail: 'No blog is connected yet.' });
  const send = (): Promise<Response> => askOnce(addressOf(path), { ...init, headers: withToken(init.headers) });
  const used = connection.token;
  try {
    return await send();
  } catch (failure) {
    if (!(failure instanceof Trouble) || failure.kind !== 'signed-out') throw failure;
    // Somebody else may have renewed the token while this request was on its way.
    if (connection.token !== used || (await connection.renew())) return await send();
    connection.signedOut();
    throw failure;
  }
}

/** The headers of whoever is signed in; streams need them, too. */
export function withToken(given?: HeadersInit): Headers {
  const headers = new Headers(given);
  if (connection.token !== null) headers.set('Authorization', `Bearer ${connection.token}`);
  return headers;
}

/** One exchange: an answer that is whole, JSON and a success, or a `Trouble`. Ignores tokens and who is connected. */
export async function askOnce(url: string, init: RequestInit, timeoutMs = TIMEOUT_MS): Promise<Response> {
  const ending = new AbortController();
  const caller = init.signal;
  const passOn = (): void => ending.abort();
  if (caller?.aborted) ending.abort();
  caller?.addEventListener('abort', passOn);
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    ending.abort();
  }, timeoutMs);
  try {
    const response = await globalThis.fetch(url, { ...init, signal: ending.signal });
    return checked(response, await bodyOf(response, ending.signal));
  } catch (failure) {
    if (isLate) throw new Trouble('timeout');
    if (caller?.aborted) throw failure; // the caller knows
    throw troubleOfFailure(failure);
  } finally {
    clearTimeout(timer);
    caller?.removeEventListener('abort', passOn);
  }
}

async function bodyOf(response: Response, signal: AbortSignal): Promise<string> {
  try {
    return await response.text();
  } catch (failure) {
    if (signal.aborted) throw failure;
    throw new Trouble('broken-answer', { status: response.status });
  }
}

function checked(response: Response, body: string): Response {
  if (!response.ok) throw troubleOfAnswer(response, body);
  const { status, headers } = response;
  if (status === 204) return new Response(null, { status, headers });
  if (!/json/.test(headers.get('Content-Type') ?? '')) throw new Trouble('wrong-address', { status });
  try {
    JSON.parse(body);
  } catch {
    throw new Trouble('broken-answer', { status });
  }
  const copied = new Headers(headers);
  copied.delete('Content-Length'); // it counted the compressed bytes
  return new Response(body, { status, headers: copied });
}
