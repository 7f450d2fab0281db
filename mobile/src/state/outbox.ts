/**
 * What the person did and the blog does not know yet. Each act is written down before it is sent, sent in order, and
 * repeated with the same `Idempotency-Key` until it is answered: nothing is lost offline and nothing is done twice.
 */
import AsyncStorage from '@react-native-async-storage/async-storage';
import { AppState } from 'react-native';

import { answerOf, api } from '@/api/client';
import { asTrouble, Trouble, type TroubleKind } from '@/api/trouble';
import { newKey } from '@/lib/ids';
import { watchNet } from '@/lib/net';

import { checkPerson, getSession, identityOf, onFarewell, onSession } from './session';
import { makeStore, type Store } from './store';

export type Act =
  | { t: 'like'; slug: string; on: boolean }
  | { t: 'bookmark'; slug: string; on: boolean; list: string | null }
  | { t: 'follow'; of: 'author' | 'tag'; name: string; on: boolean }
  | { t: 'progress'; slug: string; block: string; fraction: number; at: string }
  | { t: 'comment'; slug: string; parent: string | null; text: string }
  | { t: 'decision'; job: string; verb: 'approve' | 'reject'; note: string }
  | { t: 'revise'; job: string; note: string; strike: string[]; revision: string };

export interface Entry {
  key: string;
  act: Act;
  tries: number;
  /** The blog refused it, with these words; it stays until the person decides. */
  parked: { kind: TroubleKind; words: string } | null;
}

/** Send one act; its answer is handed to whoever waits for it. Throws `Trouble`. */
export type Send = (act: Act, key: string) => Promise<unknown>;

interface Waiter {
  resolve(answer: unknown): void;
  reject(trouble: Trouble): void;
}

export class Outbox {
  readonly entries: Store<readonly Entry[]> = makeStore<readonly Entry[]>([]);
  private readonly waiters = new Map<string, Waiter>();
  private turn: Promise<unknown> = Promise.resolve();
  private draining: Promise<void> = Promise.resolve();
  private name: string | null = null;

  constructor(private readonly send: Send) {}

  /** Open the outbox of this identity, with what it held when the app ended. What is on its way for another stays theirs. */
  async open(identity: string): Promise<void> {
    this.name = nameOf(identity);
    await this.change(this.name, (entries) => entries);
  }

  /**
   * Do it now, or as soon as the blog answers. Resolves to the blog's answer, or to null if the act waits (or a later one
   * took its place); rejects with the `Trouble` of a refusal, after which nothing of it is kept.
   */
  async perform(act: Act): Promise<unknown> {
    const name = this.opened();
    const entry: Entry = { key: newKey(), act, tries: 0, parked: null };
    const outcome = new Promise<unknown>((resolve, reject) => this.waiters.set(entry.key, { resolve, reject }));
    outcome.catch(() => {}); // whoever awaits it below hears of it; until then it is no unhandled rejection
    await this.change(name, (entries) => [...entries.filter((one) => !this.isReplacedBy(one, act)), entry]);
    await this.drainBox(name);
    this.tell(entry.key, (waiter) => waiter.resolve(null));
    return outcome;
  }

  /** Send what waits, the oldest first. What cannot be sent now stays. */
  drain(): Promise<void> {
    return this.drainBox(this.opened());
  }

  /** Send a parked act again. */
  async retry(key: string): Promise<void> {
    const name = this.opened();
    await this.change(name, (entries) => entries.map((one) => (one.key === key ? { ...one, parked: null } : one)));
    await this.drainBox(name);
  }

  async discard(key: string): Promise<void> {
    await this.remove(this.opened(), key);
  }

  private drainBox(name: string): Promise<void> {
    this.draining = this.draining.then(() => this.sendAll(name)).catch(() => {});
    return this.draining;
  }

  private async sendAll(name: string): Promise<void> {
    for (;;) {
      const next = (await this.change(name, (entries) => entries)).find((one) => one.parked === null);
      if (next === undefined) return;
      // Written down before it leaves: after a crash it is known that it may have arrived.
      await this.change(name, (entries) =>
        entries.map((one) => (one.key === next.key ? { ...one, tries: one.tries + 1 } : one)),
      );
      if (this.name !== name) return; // somebody else is signed in by now, and it would be theirs
      try {
        const answer = await this.send(next.act, next.key);
        await this.remove(name, next.key);
        this.tell(next.key, (waiter) => waiter.resolve(answer));
      } catch (failure) {
        const trouble = asTrouble(failure);
        const isWatched = this.waiters.has(next.key);
        if (trouble.passes || (trouble.kind === 'signed-out' && !isWatched)) return;
        await this.refused(name, next, trouble);
      }
    }
  }

  private async refused(name: string, entry: Entry, trouble: Trouble): Promise<void> {
    const isTyped = ['comment', 'decision', 'revise'].includes(entry.act.t);
    if (this.waiters.has(entry.key) || !isTyped) {
      await this.remove(name, entry.key);
      this.tell(entry.key, (waiter) => waiter.reject(trouble));
      return;
    }
    const parked = { kind: trouble.kind, words: trouble.detail ?? '' };
    await this.change(name, (entries) => entries.map((one) => (one.key === entry.key ? { ...one, parked } : one)));
  }

  private async remove(name: string, key: string): Promise<void> {
    await this.change(name, (entries) => entries.filter((one) => one.key !== key));
  }

  private tell(key: string, how: (waiter: Waiter) => void): void {
    const waiter = this.waiters.get(key);
    this.waiters.delete(key);
    if (waiter !== undefined) how(waiter);
  }

  /** Of acts on the same thing only the last counts, as long as none of them can have been sent. */
  private isReplacedBy(entry: Entry, act: Act): boolean {
    const subject = subjectOf(act);
    const isReplaced = subject !== null && entry.tries === 0 && subjectOf(entry.act) === subject;
    if (isReplaced) this.tell(entry.key, (waiter) => waiter.resolve(null));
    return isReplaced;
  }

  /** Read, change and write, one after the other: another tab of the browser may have written in between. */
  private change(name: string, how: (entries: readonly Entry[]) => readonly Entry[]): Promise<readonly Entry[]> {
    const write = async (): Promise<readonly Entry[]> => {
      const before = readEntries(await AsyncStorage.getItem(name));
      const entries = how(before);
      if (entries !== before) await AsyncStorage.setItem(name, JSON.stringify(entries));
      if (this.name === name) this.entries.set(entries);
      return entries;
    };
    const done = this.turn.then(() => locked(name, write));
    this.turn = done.catch(() => {});
    return done;
  }

  private opened(): string {
    if (this.name === null) throw new Error('The outbox is not open yet.');
    return this.name;
  }
}

export async function sendAct(act: Act, key: string): Promise<unknown> {
  if (getSession().person === null) throw new Trouble('signed-out'); // the server would say no more than that
  const header = { 'Idempotency-Key': key };
  switch (act.t) {
    case 'like': {
      const params = { path: { slug: act.slug } };
      return answerOf(act.on ? api.PUT('/api/v1/posts/{slug}/like', { params }) : api.DELETE('/api/v1/posts/{slug}/like', { params }));
    }
    case 'bookmark': {
      const params = { path: { slug: act.slug } };
      return answerOf(
        act.on
          ? api.PUT('/api/v1/posts/{slug}/bookmark', { params, body: { list: act.list } })
          : api.DELETE('/api/v1/posts/{slug}/bookmark', { params }),
      );
    }
    case 'follow': {
      if (act.of === 'author') {
        const params = { path: { handle: act.name } };
        return answerOf(act.on ? api.PUT('/api/v1/authors/{handle}/follow', { params }) : api.DELETE('/api/v1/authors/{handle}/follow', { params }));
      }
      const params = { path: { tag: act.name } };
      return answerOf(act.on ? api.PUT('/api/v1/tags/{tag}/follow', { params }) : api.DELETE('/api/v1/tags/{tag}/follow', { params }));
    }
    case 'progress': {
      const { slug, block, fraction, at } = act;
      return answerOf(api.PUT('/api/v1/posts/{slug}/progress', { params: { path: { slug } }, body: { block, fraction, at } }));
    }
    case 'comment': {
      const { slug, text, parent } = act;
      return answerOf(api.POST('/api/v1/posts/{slug}/comments', { params: { path: { slug }, header }, body: { text, parent } }));
    }
    case 'decision': {
      const asked = { params: { path: { id: act.job }, header }, body: { note: act.note } };
      return answerOf(act.verb === 'approve' ? api.POST('/api/v1/jobs/{id}/approve', asked) : api.POST('/api/v1/jobs/{id}/reject', asked));
    }
    case 'revise': {
      const { job, note, strike, revision } = act;
      return answerOf(api.POST('/api/v1/jobs/{id}/revise', { params: { path: { id: job }, header }, body: { note, strike, revision } }));
    }
  }
}

function subjectOf(act: Act): string | null {
  switch (act.t) {
    case 'like':
    case 'bookmark':
    case 'progress':
      return `${act.t}:${act.slug}`;
    case 'follow':
      return `follow:${act.of}:${act.name}`;
    case 'comment':
    case 'decision':
    case 'revise':
      return null;
  }
}

function readEntries(stored: string | null): Entry[] {
  try {
    const found: unknown = JSON.parse(stored ?? '[]');
    return Array.isArray(found) ? (found as Entry[]) : [];
  } catch {
    return [];
  }
}

function locked<T>(name: string, write: () => Promise<T>): Promise<T> {
  const locks = (globalThis.navigator as Navigator | undefined)?.locks;
  return locks === undefined ? write() : locks.request(name, write);
}

const nameOf = (identity: string): string => `blogen.outbox.${identity}`;

export const outbox = new Outbox(sendAct);

/** Keep the outbox open for whoever is signed in, and send when there is a chance. Returns how to stop. */
export async function startOutbox(): Promise<() => void> {
  let identity = identityOf(getSession());
  await outbox.open(identity);
  // Who is signed in to this browser may have changed on the blog's own pages: what waits is sent for nobody else.
  const drain = async (): Promise<void> => {
    if (outbox.entries.get().length > 0 && (await checkPerson())) await outbox.drain();
  };
  const stops = [
    onSession(() => {
      if (identityOf(getSession()) === identity) return;
      identity = identityOf(getSession());
      void outbox.open(identity).then(() => outbox.drain());
    }),
    onFarewell((of) => AsyncStorage.removeItem(nameOf(of))),
    watchNet((isConnected) => isConnected === true && void drain()),
  ];
  const active = AppState.addEventListener('change', (state) => state === 'active' && void drain());
  void drain();
  return () => {
    active.remove();
    for (const stop of stops) stop();
  };
}

/** What waits to be sent, and what was refused. */
export function useOutbox(): { waiting: readonly Entry[]; parked: readonly Entry[]; pending: number } {
  const entries = outbox.entries.use();
  const waiting = entries.filter((one) => one.parked === null);
  return { waiting, parked: entries.filter((one) => one.parked !== null), pending: waiting.length };
}
