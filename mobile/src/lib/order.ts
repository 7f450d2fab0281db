/** The form of a proposed post, as it is typed, and the order that it becomes. */
import type { JobRequest } from '@/api/queries/jobs';
import { strings } from '@/strings';

import { newKey } from './ids';

export interface SourceDraft {
  id: string;
  kind: 'url' | 'text';
  url: string;
  title: string;
  text: string;
}

export type ReviewChoice = 'configured' | 'yes' | 'no';

export interface OrderDraft {
  /** For `Idempotency-Key`: another text is another order, so it is renewed with each change and kept otherwise. */
  key: string;
  topic: string;
  brief: string;
  sources: SourceDraft[];
  author: string;
  language: string;
  words: string;
  images: string;
  review: ReviewChoice;
  publishAt: string;
  tags: string;
}

export interface Shared {
  title?: string | undefined;
  text?: string | undefined;
  url?: string | undefined;
}

/** By the path of the field, as the server names it. */
export type Mistakes = Record<string, string>;

export const WORDS = { least: 200, most: 5000 } as const;
export const IMAGES = { least: 0, most: 6 } as const;
export const MOST_SOURCES = 20;
const TOPIC = { least: 3, most: 300 } as const;
const MOST = { brief: 4000, title: 300, text: 200_000, tags: 10, tag: 50, url: 2000 } as const;
const LANGUAGE = /^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/;
const TIME = /^(\d{4})-(\d{2})-(\d{2})[ T](\d{1,2}):(\d{2})$/;

export function emptyOrder(language = 'en'): OrderDraft {
  return {
    key: newKey(), topic: '', brief: '', sources: [], author: '', language, words: '900', images: '1',
    review: 'configured', publishAt: '', tags: '',
  }; // prettier-ignore
}

export function newSource(kind: SourceDraft['kind'], given: Partial<SourceDraft> = {}): SourceDraft {
  return { id: newKey(), kind, url: '', title: '', text: '', ...given };
}

/** Whether there is anything in it that would be a pity to lose. */
export function isTyped(order: OrderDraft): boolean {
  return order.topic !== '' || order.brief !== '' || order.sources.length > 0;
}

/** What was kept on the disk, whatever became of it there. */
export function readOrder(kept: string, language: string): OrderDraft {
  const empty = emptyOrder(language);
  try {
    const found = JSON.parse(kept) as Partial<Record<keyof OrderDraft, unknown>>;
    const textOf = (name: keyof OrderDraft): string => {
      const value = found[name];
      return typeof value === 'string' ? value : String(empty[name]);
    };
    const [key, topic, brief, author, words] = [textOf('key'), textOf('topic'), textOf('brief'), textOf('author'), textOf('words')];
    const [images, publishAt, tags] = [textOf('images'), textOf('publishAt'), textOf('tags')];
    const review = (['configured', 'yes', 'no'] as const).find((one) => one === found.review) ?? 'configured';
    return { key, topic, brief, author, words, images, publishAt, tags, review, language: textOf('language'), sources: readSources(found.sources) };
  } catch {
    return empty;
  }
}

function readSources(found: unknown): SourceDraft[] {
  if (!Array.isArray(found)) return [];
  return (found as Partial<SourceDraft>[]).flatMap((one) => {
    if (typeof one !== 'object' || one === null || (one.kind !== 'url' && one.kind !== 'text')) return [];
    const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
    const id = typeof one.id === 'string' ? one.id : newKey();
    return [{ id, kind: one.kind, url: textOf(one.url), title: textOf(one.title), text: textOf(one.text) }];
  });
}

/** What the server would refuse, said before it is asked. */
export function mistakesIn(order: OrderDraft): Mistakes {
  const { wrong } = strings.desk;
  const found: Mistakes = {};
  const topic = order.topic.trim();
  if (lengthOf(topic) < TOPIC.least) found.topic = wrong.short(TOPIC.least, lengthOf(topic));
  if (lengthOf(topic) > TOPIC.most) found.topic = wrong.long(TOPIC.most, lengthOf(topic));
  if (lengthOf(order.brief) > MOST.brief) found.brief = wrong.long(MOST.brief, lengthOf(order.brief));
  if (order.sources.length > MOST_SOURCES) found.sources = wrong.many;
  order.sources.forEach((source, at) => {
    if (source.kind === 'url') {
      if (addressOfSource(source.url) === null) found[`sources.${at}.url`] = wrong.url;
      return;
    }
    if (source.text.trim() === '') found[`sources.${at}.text`] = wrong.text;
    if (lengthOf(source.text) > MOST.text) found[`sources.${at}.text`] = wrong.long(MOST.text, lengthOf(source.text));
    if (lengthOf(source.title) > MOST.title) found[`sources.${at}.title`] = wrong.long(MOST.title, lengthOf(source.title));
  });
  if (!LANGUAGE.test(order.language.trim())) found.language = wrong.language;
  if (!isWhole(order.words, WORDS)) found.words = wrong.number(WORDS.least, WORDS.most);
  if (!isWhole(order.images, IMAGES)) found.images = wrong.number(IMAGES.least, IMAGES.most);
  if (order.publishAt.trim() !== '' && timeOf(order.publishAt) === null) found.publish_at = wrong.time;
  const tags = tagsOf(order.tags);
  if (tags.length > MOST.tags || tags.some((tag) => lengthOf(tag) > MOST.tag)) found.tags = wrong.tags;
  return found;
}

/** The order, of a form without mistakes. */
export function orderOf(form: OrderDraft): JobRequest {
  const at = timeOf(form.publishAt);
  return {
    topic: form.topic.trim(),
    brief: form.brief.trim() === '' ? null : form.brief.trim(),
    sources: form.sources.map((source) =>
      source.kind === 'url'
        ? { kind: 'url', url: addressOfSource(source.url) ?? source.url }
        : { kind: 'text', title: source.title.trim(), text: source.text },
    ),
    author: form.author === '' ? null : form.author,
    language: form.language.trim(),
    words: Number(form.words),
    images: Number(form.images),
    review: form.review === 'configured' ? null : form.review === 'yes',
    publish_at: at === null ? null : at.toISOString(),
    tags: tagsOf(form.tags),
    priority: 5,
  };
}

/**
 * What another app shared, put into the form: nothing that was typed is replaced, and nothing comes twice. Android puts
 * the address into the text.
 */
export function withShared(order: OrderDraft, shared: Shared): OrderDraft {
  const found = partsOf(shared);
  const isKnown = (one: SourceDraft): boolean =>
    order.sources.some((other) => (one.kind === 'url' ? other.url === one.url : other.text === one.text));
  const added = found.sources.filter((one) => !isKnown(one));
  const topic = order.topic.trim() === '' ? found.topic : order.topic;
  const brief = order.brief.trim() === '' ? found.brief : order.brief;
  if (added.length === 0 && topic === order.topic && brief === order.brief) return order;
  return { ...order, key: newKey(), topic, brief, sources: [...order.sources, ...added] };
}

/** A post can rest on a text of this length; what is shorter says what to mind. */
const LEAST_SOURCE = 200;

function partsOf({ title = '', text = '', url = '' }: Shared): { topic: string; brief: string; sources: SourceDraft[] } {
  const inText = /https?:\/\/\S+/.exec(text)?.[0];
  const address = [url, inText].map((one) => addressOfSource(one ?? '')).find((one) => one !== null) ?? null;
  const words = (inText === undefined ? text : text.replace(inText, '')).trim();
  const isShort = words.length <= TOPIC.most && !words.includes('\n');
  const topic = (title.trim() !== '' ? title.trim() : isShort ? words : '').slice(0, TOPIC.most);
  const rest = words === topic ? '' : words;
  const isSource = rest.length >= LEAST_SOURCE;
  return {
    topic,
    brief: isSource ? '' : rest,
    sources: [
      ...(address === null ? [] : [newSource('url', { url: address })]),
      ...(!isSource ? [] : [newSource('text', { title: title.trim(), text: rest })]),
    ],
  };
}

/** A web address as the server takes it; null: it is none. */
export function addressOfSource(typed: string): string | null {
  const text = typed.trim();
  const whole = /^[a-z][a-z0-9+.-]*:/i.test(text) ? text : `https://${text}`;
  return /^https?:\/\/[^\s/?#@]+\.[^\s]+$|^https?:\/\/(localhost|\[[0-9a-f:]+\])([:/?#]\S*)?$/i.test(whole) && whole.length <= MOST.url ? whole : null;
}

/** Local time, as it is typed. */
export function timeOf(typed: string): Date | null {
  const found = TIME.exec(typed.trim())?.slice(1).map(Number);
  if (found === undefined) return null;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0] = found;
  const at = new Date(year, month - 1, day, hour, minute);
  const isReal = at.getFullYear() === year && at.getMonth() === month - 1 && at.getDate() === day && hour < 24 && minute < 60;
  return isReal && year >= 1970 ? at : null;
}

export function asTyped(at: Date): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** Eight in the morning: of tomorrow, or of the next Monday. */
export function morningOf(day: 'tomorrow' | 'monday', now: Date): Date {
  const ahead = day === 'tomorrow' ? 1 : ((8 - now.getDay()) % 7 || 7);
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + ahead, 8, 0);
}

function tagsOf(typed: string): string[] {
  return [...new Set(typed.split(/[,\n]/).map((tag) => tag.trim().replace(/^#/, '')).filter((tag) => tag !== ''))];
}

function isWhole(typed: string, { least, most }: { least: number; most: number }): boolean {
  return /^\d{1,6}$/.test(typed.trim()) && Number(typed) >= least && Number(typed) <= most;
}

/** Characters as the server counts them: a symbol outside the basic plane is one. */
function lengthOf(text: string): number {
  return [...text].length;
}
