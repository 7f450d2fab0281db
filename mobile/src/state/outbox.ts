/**
 * What the person did and the blog does not know yet. Each act is written down before it is sent, sent in order, and
 * repeated with the same `Idempotency-Key` until it is answered: nothing is lost offline and nothing is done twice.
 */
import AsyncStorage from '@react-native-async-storage/async-storage';
import NetInfo from '@react-native-community/netinfo';
import { AppState } from 'react-native';

import { answerOf, api } from '@/api/client';
import { asTrouble, type Trouble, type TroubleKind } from '@/api/trouble';
import { newKey } from '@/lib/ids';

import { getSession, identityOf, onFarewell, onSession } from './session';
import { makeStore, type Store } from './store';

export type Act =
  | { t: 'like'; slug: string; on: boolean }
  | { t: 'bookmark'; slug: string; on: boolean; list: string | null }
  | { t: 'follow'; of: 'author' | 'tag'; name: string; on: boolean }
  | { t: 'progress'; slug: string; block: string; fraction: number; at: string }
  | { t: 'comment'; slug: string; parent: string | null; text: string }
  | { t: 'decision'; job: string; verb: 'approve' | 'reject'; note: string };

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

  /** Open the outbox of this identity, with what it held when the app ended. */
  async open(identity: string): Promise<void> {
    this.name = `blogen.outbox.${identity}`;
    await this.change((entries) => entries);
  }

  /**
   * Do it now, or as soon as the blog answers. Resolves to the blog's answer, or to null if the act waits (or a later one
   * took its place); rejects with the `Trouble` of a refusal, after which nothing of it is kept.
   */
  async perform(act: Act): Promise<unknown> {
    const entry: Entry = { key: newKey(), act, tries: 0, parked: null };
    const outcome = new Promise<unknown>((resolve, reject) => this.waiters.set(entry.key, { resolve, reject }));
    outcome.catch(() => {}); // whoever awaits it below hears of it; until then it is no unhandled rejection
    await this.change((entries) => [...entries.filter((one) => !this.isReplacedBy(one, act)), entry]);
    await this.drain();
    return outcome;
  }

  /** Send what waits, the oldest first. What cannot be sent now stays. */
  drain(): Promise<void> {
    this.draining = this.draining.then(() => this.sendAll()).catch(() => {});
    return this.draining;
  }

  /** Send a parked act again. */
  async retry(key: string): Promise<void> {
    await this.change((entries) => entries.map((one) => (one.key === key ? { ...one, parked: null } : one)));
    await this.drain();
  }

  async discard(key: string): Promise<void> {
    await this.change((entries) => entries.filter((one) => one.key !== key));
  }

  private async sendAll(): Promise<void> {
    for (;;) {
      const next = this.entries.get().find((one) => one.parked === null);
      if (next === undefined) return;
      // Written down before it leaves: after a crash it is known that it may have arrived.
      await this.change((entries) =>
        entries.map((one) => (one.key === next.key ? { ...one, tries: one.tries + 1 } : one)),
      );
      try {
        const answer = await this.send(next.act, next.key);
        await this.discard(next.key);
        this.tell(next.key, (waiter) => waiter.resolve(answer));
      } catch (failure) {
        const trouble = asTrouble(failure);
        const isWatched = this.waiters.has(next.key);
        if (trouble.passes || (trouble.kind === 'signed-out' && !isWatched)) break;
        await this.refused(next, trouble);
      }
    }
    for (const key of [...this.waiters.keys()]) this.tell(key, (waiter) => waiter.resolve(null));
  }

  private async refused(entry: Entry, trouble: Trouble): Promise<void> {
    const isTyped = entry.act.t === 'comment' || entry.act.t === 'decision';
    // A decision that arrived, and whose answer was lost, is a conflict the second time.
    const isDone = entry.act.t === 'decision' && trouble.kind === 'changed' && entry.tries > 0;
    if (this.waiters.has(entry.key) || !isTyped || isDone) {
      await this.discard(entry.key);
      this.tell(entry.key, (waiter) => (isDone ? waiter.resolve(null) : waiter.reject(trouble)));
      return;
    }
    const parked = { kind: trouble.kind, words: trouble.detail ?? '' };
    await this.change((entries) => entries.map((one) => (one.key === entry.key ? { ...one, parked } : one)));
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
  private change(how: (entries: readonly Entry[]) => readonly Entry[]): Promise<void> {
    const name = this.name;
    if (name === null) throw new Error('The outbox is not open yet.');
    const write = async (): Promise<void> => {
      const entries = how(readEntries(await AsyncStorage.getItem(name)));
      await AsyncStorage.setItem(name, JSON.stringify(entries));
      if (this.name === name) this.entries.set(entries);
    };
    const done = this.turn.then(() => locked(name, write));
    this.turn = done.catch(() => {});
    return done;
  }
}

export async function sendAct(act: Act, key: string): Promise<unknown> {
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
      const asked = { params: { path: { id: act.job } }, body: { note: act.note } };
      return answerOf(act.verb === 'approve' ? api.POST('/api/v1/jobs/{id}/approve', asked) : api.POST('/api/v1/jobs/{id}/reject', asked));
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

function locked(name: string, write: () => Promise<void>): Promise<void> {
  const locks = (globalThis.navigator as Navigator | undefined)?.locks;
  return locks === undefined ? write() : locks.request(name, write);
}

export const outbox = new Outbox(sendAct);

/** Keep the outbox open for whoever is signed in, and send when there is a chance. Returns how to stop. */
export async function startOutbox(): Promise<() => void> {
  let identity = identityOf(getSession());
  await outbox.open(identity);
  const drain = (): void => void outbox.drain();
  const stops = [
    onSession(() => {
      if (identityOf(getSession()) === identity) return;
      identity = identityOf(getSession());
      void outbox.open(identity).then(drain);
    }),
    onFarewell((of) => AsyncStorage.removeItem(`blogen.outbox.${of}`)),
    NetInfo.addEventListener((net) => net.isConnected === true && drain()),
  ];
  const active = AppState.addEventListener('change', (state) => state === 'active' && drain());
  drain();
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
