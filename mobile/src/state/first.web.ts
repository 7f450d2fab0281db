/** The cards that the page drew before the app was there (`first/cards.js`): what they asked for is used, then they go. */
import type { FeedKind, FeedPage } from '@/api/queries/feed';

import { keepFeedPlace } from './place';

interface First {
  kind: FeedKind;
  answer: Promise<FeedPage | null> | null;
  wanted: string | null;
  isOver: boolean;
}

const first = (): First | undefined => (globalThis as { blogenFirst?: First }).blogenFirst;

/** The feed's first page, if the page already asked for it; good for one use. Null where it did not come. */
export function takeFirstPage(kind: FeedKind): Promise<FeedPage | null> | null {
  const handed = first();
  if (handed === undefined || handed.isOver || handed.kind !== kind) return null;
  const { answer } = handed;
  handed.answer = null;
  return answer;
}

/** The app's own screen stands now. Where somebody scrolled to meanwhile, there the feed opens. */
export function endFirst(): void {
  const handed = first();
  if (handed === undefined || handed.isOver) return;
  handed.isOver = true;
  handed.answer = null;
  const drawn = document.getElementById('first');
  const scroller = drawn?.lastElementChild;
  if (scroller instanceof HTMLElement && scroller.scrollTop > 0) {
    const edge = scroller.getBoundingClientRect().top;
    const rows = [...scroller.querySelectorAll<HTMLElement>('[data-slug]')];
    const top = rows.find((row) => row.getBoundingClientRect().bottom > edge);
    if (top?.dataset.slug !== undefined) keepFeedPlace(handed.kind, { post: top.dataset.slug, dy: edge - top.getBoundingClientRect().top });
  }
  drawn?.remove();
}

/** The path of the post that was pressed meanwhile, in the app's own words; once. */
export function wantedFirst(): string | null {
  const handed = first();
  const wanted = handed?.wanted ?? null;
  if (handed !== undefined) handed.wanted = null;
  return wanted === null ? null : wanted.replace(/^\/app/, '');
}
