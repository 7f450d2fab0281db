/** Server-sent events, read through `fetch` so that a break goes on with `Last-Event-ID`. Where streams are not to be had
 * (native), callers poll: see `CAN_STREAM`. */
import { addressOf, IS_WEB, withToken } from '@/api/client';

export interface ServerEvent {
  id: string | null;
  event: string;
  data: unknown;
}

export const CAN_STREAM = IS_WEB && typeof ReadableStream !== 'undefined';
/** How often a screen asks again where it cannot listen. */
export const POLL_MS = 2000;

const SILENCE_MS = 60_000;
const LONGEST_PAUSE_MS = 60_000;

/** `broken`: it is being taken up again; `ended`: nothing more will come. */
export type LineState = 'open' | 'broken' | 'ended';

export interface ListenOptions {
  /** Go on after this event. */
  since?: string | null;
  changed?: (state: LineState) => void;
}

/** Listen until the stream ends for good (204, 401, 403, 404) or the returned function is called. */
export function listen(path: string, heard: (event: ServerEvent) => void, { since = null, changed }: ListenOptions = {}): () => void {
  const ending = new AbortController();
  const tell = (state: LineState): void => {
    if (!ending.signal.aborted) changed?.(state);
  };
  void goOn(path, heard, ending.signal, since, tell).then(() => tell('ended'));
  return () => ending.abort();
}

async function goOn(
  path: string,
  heard: (event: ServerEvent) => void,
  signal: AbortSignal,
  since: string | null,
  tell: (state: LineState) => void,
): Promise<void> {
  let last = since;
  let failures = 0;
  while (!signal.aborted) {
    try {
      const headers = withToken({ Accept: 'text/event-stream' });
      if (last !== null) headers.set('Last-Event-ID', last);
      const response = await fetch(addressOf(path), { headers, signal, cache: 'no-store' });
      if (response.status === 204 || [401, 403, 404].includes(response.status)) return;
      if (!response.ok || response.body === null) throw new Error(`status ${response.status}`);
      tell('open');
      await readEvents(response.body, (event) => {
        failures = 0;
        last = event.id ?? last;
        heard(event);
      });
    } catch {
      if (signal.aborted) return;
    }
    tell('broken');
    failures += 1;
    await pause(Math.min(LONGEST_PAUSE_MS, 500 * 2 ** failures) * (0.5 + Math.random() / 2), signal);
  }
}

/** Hand on each event of a stream until it ends. A minute without a byte is a dead connection: the server speaks every 15 s. */
export async function readEvents(stream: ReadableStream<Uint8Array>, heard: (event: ServerEvent) => void): Promise<void> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const silence = setTimeout(() => void reader.cancel(), SILENCE_MS);
      const { done, value } = await reader.read().finally(() => clearTimeout(silence));
      if (done) return;
      const parts = (rest + decoder.decode(value, { stream: true })).split(/\r?\n\r?\n/);
      rest = parts.pop() ?? '';
      for (const part of parts) {
        const event = parseEvent(part);
        if (event !== null) heard(event);
      }
    }
  } finally {
    void reader.cancel().catch(() => {});
  }
}

export function parseEvent(text: string): ServerEvent | null {
  let id: string | null = null;
  let event = 'message';
  const lines: string[] = [];
  for (const line of text.split(/\r?\n/)) {
    const [, field, value] = /^(\w+): ?(.*)$/.exec(line) ?? [];
    if (field === 'id') id = value ?? null;
    else if (field === 'event') event = value ?? event;
    else if (field === 'data') lines.push(value ?? '');
  }
  if (lines.length === 0) return null; // a comment, or nothing
  try {
    return { id, event, data: JSON.parse(lines.join('\n')) as unknown };
  } catch {
    return null;
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
}
