/** What of a post is said aloud, in pieces that every voice takes. */
import type { Block, Run } from '@/api/queries/posts';
import { strings } from '@/strings';

/** Android takes 4000 characters at once; some voices of browsers fall silent after a quarter of a minute. */
const MOST_AT_ONCE = 240;

export interface Spoken {
  id: string;
  parts: readonly string[];
}

export function spokenOf(blocks: readonly Block[]): Spoken[] {
  return blocks.map((block) => ({ id: block.id, parts: partsOf(wordsOf(block)) })).filter(({ parts }) => parts.length > 0);
}

/** The words of a block. Marks of sources are not said, neither are the notes. */
export function wordsOf(block: Block): string {
  switch (block.t) {
    case 'p':
    case 'h':
    case 'quote':
      return plain(block.runs);
    case 'ul':
    case 'ol':
      return block.items.map(plain).map(ended).join(' ');
    case 'code':
      return strings.listening.code;
    case 'img':
      return block.caption === '' ? block.alt : block.caption;
    case 'table':
      return [block.head, ...block.rows].map((row) => ended(row.map(plain).join(', '))).join(' ');
    default:
      return '';
  }
}

export function plain(runs: readonly Run[]): string {
  return runs
    .filter((run) => typeof run.note !== 'string')
    .map((run) => run.text)
    .join('')
    .trim();
}

/** Cut at the ends of sentences, else between words. */
export function partsOf(words: string): string[] {
  const parts: string[] = [];
  let rest = words.trim();
  while (rest.length > MOST_AT_ONCE) {
    const head = rest.slice(0, MOST_AT_ONCE);
    const sentence = Math.max(...[...head.matchAll(/[.!?…](?=\s)|[。！？]/g)].map((end) => end.index + 1), 0);
    const cut = sentence > 0 ? sentence : Math.max(head.lastIndexOf(' '), 0) || MOST_AT_ONCE;
    parts.push(rest.slice(0, cut).trim());
    rest = rest.slice(cut).trim();
  }
  return rest === '' ? parts : [...parts, rest];
}

function ended(words: string): string {
  return /[.!?…。！？]$/.test(words) || words === '' ? words : `${words}.`;
}
