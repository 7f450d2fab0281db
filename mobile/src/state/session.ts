/**
 * Which blog is connected, and who is signed in to it. A sign-in ends by `signOut` or by the server's 401, never because
 * nothing answers.
 */
import AsyncStorage from '@react-native-async-storage/async-storage';

import { askOnce, connection, exchange, IS_WEB, withToken, type Schema } from '@/api/client';
import { asTrouble, Trouble } from '@/api/trouble';

import { dropSecret, readSecret, writeSecret, type Secret } from './secret';
import { makeStore } from './store';

export type Person = Schema['MeView'];
export type Site = Schema['SiteView'];

export interface Session {
  /** `starting`: not read from the disk yet; `unconnected`: a native app that knows no blog yet. */
  phase: 'starting' | 'unconnected' | 'ready';
  origin: string;
  title: string;
  person: Person | null;
}

interface Kept {
  origin: string;
  title: string;
  person: Person | null;
}

export interface SignIn {
  handle?: string;
  email?: string;
  password: string;
}

const KEY = 'blogen.session';
const API = '/api/v1';
const EARLY_MS = 60_000;
const store = makeStore<Session>({ phase: 'starting', origin: connection.origin, title: '', person: null });
let secret: Secret | null = null;
let renewing: Promise<boolean> | null = null;
const farewells = new Set<(identity: string) => Promise<void> | void>();

export const useSession = store.use;
export const getSession = store.get;
export const onSession = store.subscribe;

/** Whose data this is: the blog and the person. Caches and the outbox are kept under it. */
export function identityOf(session: Session): string {
  return `${session.origin}|${session.person?.id ?? 'anyone'}`;
}

/** Whether the person may order and decide (the Desk). */
export function mayWrite(session: Session): boolean {
  return session.person !== null && session.person.role !== 'reader';
}

/** Called with the identity that is wiped when somebody signs out. */
export function onFarewell(wipe: (identity: string) => Promise<void> | void): () => void {
  farewells.add(wipe);
  return () => farewells.delete(wipe);
}

/** Read what was kept. Works without a network; `checkPerson` then asks the server. */
export async function startSession(): Promise<void> {
  connection.renew = renew;
  connection.signedOut = () => void drop();
  const kept = await readKept();
  const origin = IS_WEB ? connection.origin : (kept?.origin ?? '');
  const isSame = kept?.origin === origin;
  connection.origin = origin;
  secret = origin === '' ? null : await readSecret(origin);
  connection.token = secret?.access ?? null;
  const person = isSame && (IS_WEB || secret !== null) ? kept.person : null;
  store.set({ phase: origin === '' ? 'unconnected' : 'ready', origin, title: isSame ? kept.title : '', person });
}

/**
 * Ask the server who one is. On the web this is how the app learns of a sign-in made on the blog's own pages. Returns
 * whether the server said it.
 */
export async function checkPerson(): Promise<boolean> {
  try {
    if (store.get().person === null && !(await isSomebody())) return true;
    if (secret !== null && secret.endsAt - EARLY_MS < Date.now() && !(await renew())) {
      await drop();
      return true;
    }
    const answer = await exchange(`${API}/me`, {}); // which renews a token that is refused
    await become((await answer.json()) as Person);
    return true;
  } catch (failure) {
    return asTrouble(failure).kind === 'signed-out'; // whoever it was has been dropped by then
  }
}

/** Whether it is worth asking who. To ask `/me` with nobody's cookie puts an error into the browser's console; posts do not mind. */
async function isSomebody(): Promise<boolean> {
  if (!IS_WEB) return connection.token !== null;
  const answer = await askOnce(`${connection.origin}${API}/posts?limit=1`, { headers: withToken() });
  const { items } = (await answer.json()) as Schema['PostList'];
  return items.length === 0 || items.some(({ viewer }) => viewer !== null);
}

/** Look whether a Blogen that this app understands answers there; changes nothing. Throws `Trouble`. */
export async function probe(address: string): Promise<{ origin: string; site: Site }> {
  const origin = originOf(address);
  const answer = await askOnce(`${origin}${API}/site`, {});
  const site = (await answer.json()) as Site | null;
  if (site?.name !== 'blogen') throw new Trouble('wrong-address', { status: 200, code: 'not-blogen' });
  if (!(site.api >= 1)) throw new Trouble('old-server');
  return { origin, site };
}

/** Make a blog the connected one, with a code also signed in, and only once it has answered. Throws `Trouble`. */
export async function connect(address: string, code = ''): Promise<Site> {
  const { origin, site } = await probe(address);
  const signedIn = code.trim() === '' ? null : await knock(origin, 'pair', { code: code.trim() });
  connection.origin = origin;
  secret = await readSecret(origin);
  if (signedIn !== null) await take(signedIn);
  connection.token = secret?.access ?? null;
  store.set({ phase: 'ready', origin, title: site.title, person: signedIn?.person ?? null });
  await keep();
  if (signedIn === null) await checkPerson();
  return site;
}

/** The connected blog also before the session was read: a link can be what starts the app. */
export async function knownOrigin(): Promise<string> {
  return connection.origin === '' ? ((await readKept())?.origin ?? '') : connection.origin;
}

export async function signIn(who: SignIn): Promise<void> {
  await enter('login', who);
}

export async function register(who: { handle: string; password: string; name?: string; email?: string; invitation?: string }): Promise<void> {
  await enter('register', who);
}

export async function pair(code: string): Promise<void> {
  await enter('pair', { code });
}

/** End the sign-in here and, if it answers, on the server; what was kept of the person goes. */
export async function signOut(): Promise<void> {
  const identity = identityOf(store.get());
  try {
    await askOnce(`${connection.origin}${API}/auth/logout`, { method: 'POST', headers: withToken() });
  } catch (failure) {
    // The cookie is the server's to end; a token is gone with our copy of it.
    if (IS_WEB && asTrouble(failure).kind !== 'signed-out') throw failure;
  }
  await drop();
  for (const wipe of [...farewells]) await wipe(identity);
}

/** Take the person as the server now knows them (after a change of the profile, say). */
export async function become(person: Person | null): Promise<void> {
  store.set({ ...store.get(), person });
  await keep();
}

/** `blog.example`, `https://blog.example/app/` and the like: the origin, with https unless another was written. */
export function originOf(address: string): string {
  const typed = address.trim();
  const whole = /^[a-z]+:\/\//i.test(typed) ? typed : `https://${typed}`;
  const found = /^(https?):\/\/([^/?#@\s]+)/i.exec(whole);
  if (found?.[1] === undefined || found[2] === undefined) throw new Trouble('wrong-address');
  return `${found[1].toLowerCase()}://${found[2].toLowerCase()}`;
}

async function enter(door: Door, body: object): Promise<void> {
  const signedIn = await knock(connection.origin, door, body);
  await take(signedIn);
  await become(signedIn.person);
}

type Door = 'login' | 'register' | 'pair';

async function knock(origin: string, door: Door, body: object): Promise<SignedIn> {
  const headers: Record<string, string> = { 'Content-Type': 'application/json' };
  if (IS_WEB) headers['Blogen-Session'] = 'cookie';
  const sent = JSON.stringify({ ...body, device: IS_WEB ? 'Blogen in a browser' : 'Blogen on a phone' });
  const answer = await askOnce(`${origin}${API}/auth/${door}`, { method: 'POST', headers, body: sent });
  return (await answer.json()) as SignedIn;
}

/** On the web the cookie was set instead, and both tokens are null. */
type SignedIn = Omit<Schema['SignedInView'], 'access_token' | 'refresh_token'> & {
  access_token: string | null;
  refresh_token: string | null;
};

async function take(signedIn: SignedIn): Promise<void> {
  if (signedIn.access_token === null || signedIn.refresh_token === null) return;
  const next = {
    access: signedIn.access_token,
    refresh: signedIn.refresh_token,
    endsAt: Date.parse(signedIn.expires_at),
  };
  await writeSecret(connection.origin, next); // first of all: the one before is used up
  secret = next;
  connection.token = next.access;
}

/** A refresh token is good for one use, so there is one refresh at a time, and all who need it wait for it. */
function renew(): Promise<boolean> {
  renewing ??= refresh().finally(() => {
    renewing = null;
  });
  return renewing;
}

async function refresh(): Promise<boolean> {
  if (secret === null) return false;
  try {
    const answer = await askOnce(`${connection.origin}${API}/auth/refresh`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ refresh_token: secret.refresh }),
    });
    await take((await answer.json()) as SignedIn);
    return true;
  } catch (failure) {
    if (asTrouble(failure).kind === 'signed-out') return false;
    throw failure;
  }
}

async function drop(): Promise<void> {
  secret = null;
  connection.token = null;
  if (store.get().person !== null) await become(null);
  await dropSecret(connection.origin);
}

async function keep(): Promise<void> {
  const { origin, title, person } = store.get();
  await AsyncStorage.setItem(KEY, JSON.stringify({ origin, title, person } satisfies Kept));
}

async function readKept(): Promise<Kept | null> {
  try {
    const stored = await AsyncStorage.getItem(KEY);
    return stored === null ? null : (JSON.parse(stored) as Kept);
  } catch {
    return null;
  }
}
