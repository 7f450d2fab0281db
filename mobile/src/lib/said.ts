/**
 * What people wrote, as parts that native components draw. The server has made blocks of it; here it is read as if it were
 * hostile all the same: what is not understood becomes nothing, and an address is opened only if it is one of the web.
 */
export interface SaidRun {
  text: string;
  bold: boolean;
  slanted: boolean;
  code: boolean;
  /** An address of the web, or null. */
  href: string | null;
}

export type SaidPart =
  | { t: 'p' | 'quote'; runs: SaidRun[] }
  | { t: 'list'; items: { mark: string; runs: SaidRun[] }[] }
  | { t: 'code'; text: string };

export function partsOf(blocks: unknown): SaidPart[] {
  return listOf(blocks).flatMap((block) => {
    const part = partOf(fieldsOf(block));
    return part === null ? [] : [part];
  });
}

/** `given` if it is an address that may be opened. */
export function webAddress(given: unknown): string | null {
  if (typeof given !== 'string' || !/^https?:\/\/[^\s/?#]/i.test(given)) return null;
  return /[\u0000-\u0020\u007f"<>\\]/.test(given) ? null : given;
}

/** `text` in pieces; those that are a mention begin with `@`. The server has the same rule. */
export function piecesOf(text: string): { text: string; isMention: boolean }[] {
  const pieces: { text: string; isMention: boolean }[] = [];
  let start = 0;
  for (const found of text.matchAll(/(^|[^\w@./-])(@[a-z0-9][a-z0-9_-]{0,38})(?![\w@-])/gi)) {
    const at = found.index + (found[1]?.length ?? 0);
    if (at > start) pieces.push({ text: text.slice(start, at), isMention: false });
    pieces.push({ text: found[2] ?? '', isMention: true });
    start = at + (found[2]?.length ?? 0);
  }
  if (start < text.length) pieces.push({ text: text.slice(start), isMention: false });
  return pieces;
}

function partOf(block: Record<string, unknown>): SaidPart | null {
  switch (block.t) {
    case 'p':
    case 'quote':
      return { t: block.t, runs: runsOf(block.runs) };
    case 'ul':
      return { t: 'list', items: listOf(block.items).map((item) => ({ mark: '•', runs: runsOf(item) })) };
    case 'ol': {
      const first = typeof block.start === 'number' ? block.start : 1;
      return { t: 'list', items: listOf(block.items).map((item, at) => ({ mark: `${first + at}.`, runs: runsOf(item) })) };
    }
    case 'code':
      return { t: 'code', text: textOf(block.text) };
    default:
      return null;
  }
}

function runsOf(runs: unknown): SaidRun[] {
  return listOf(runs).map((run) => {
    const { text, b, i, code, href } = fieldsOf(run);
    return { text: textOf(text), bold: b === true, slanted: i === true, code: code === true, href: webAddress(href) };
  });
}

function listOf(found: unknown): unknown[] {
  return Array.isArray(found) ? found : [];
}

function fieldsOf(found: unknown): Record<string, unknown> {
  return typeof found === 'object' && found !== null ? (found as Record<string, unknown>) : {};
}

function textOf(found: unknown): string {
  return typeof found === 'string' ? found : '';
}
