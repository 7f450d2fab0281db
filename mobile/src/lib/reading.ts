/** Where in a post one is, in blocks: pixels differ from screen to screen, and between the app and the web. */
import type { PostPlace } from '@/state/place';

import { topOf, type Extent } from './anchor';

export interface Page {
  /** The blocks in the order in which they stand. */
  order: readonly string[];
  extents: ReadonlyMap<string, Extent>;
  /** Where the first block begins. */
  top: number;
  /** The height of everything, and of what one sees of it. */
  content: number;
  view: number;
}

const AT_END = 8;
/** Less than this is not worth going back to, more than that was read to the end. */
const BEGUN = 0.02;
const FINISHED = 0.98;

/** A place without its time. */
export type Spot = Omit<PostPlace, 'at'>;

/** The place for a page that is scrolled to `y` and whose upper `covered` points lie behind a bar. */
export function placeAt(page: Page, y: number, covered: number): Spot | null {
  const last = page.order.at(-1);
  if (last === undefined || page.content <= 0) return null;
  const way = page.content - page.view;
  if (y >= way - AT_END) return { block: last, fraction: 1 };
  const top = topOf(page.order.length, y + covered - page.top, (index) => page.extents.get(page.order[index] ?? '') ?? null);
  const block = page.order[top?.index ?? 0];
  if (block === undefined) return null;
  const height = page.extents.get(block)?.height ?? 0;
  const into = top === null || height === 0 ? 0 : top.dy / height;
  return { block, into, fraction: Math.min(1, Math.max(0, y / way)) };
}

/** How far to scroll for a place; null while that is not known. A block that a revision took away is found by its share. */
export function offsetOf(page: Page, place: Spot, covered: number): number | null {
  if (page.order.includes(place.block)) {
    const extent = page.extents.get(place.block);
    if (extent === undefined) return null;
    return Math.max(0, page.top + extent.y + (place.into ?? 0) * extent.height - covered);
  }
  return page.content > 0 ? Math.max(0, place.fraction * (page.content - page.view)) : null;
}

/** Whether all of it is seen without scrolling. */
export function fits({ content, view }: Pick<Page, 'content' | 'view'>): boolean {
  return content > 0 && view > 0 && content - view <= AT_END;
}

export function isWorthReturning(place: { fraction: number } | null): boolean {
  return place !== null && place.fraction > BEGUN && place.fraction < FINISHED;
}

/** Of two places the one that was read later. */
export function laterOf(one: PostPlace | null, other: PostPlace | null): PostPlace | null {
  if (one === null || other === null) return one ?? other;
  return Date.parse(other.at) > Date.parse(one.at) ? other : one;
}
