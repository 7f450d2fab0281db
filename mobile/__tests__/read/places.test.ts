import { topOf } from '@/lib/anchor';
import { isWorthReturning, laterOf, offsetOf, placeAt, type Page } from '@/lib/reading';
import { chooseFeed, chosenFeed, feedPlace, keepFeedPlace, keepPostPlace, loadPlaces, postPlace, writePlaces } from '@/state/place';

const rows = [{ y: 0, height: 100 }, { y: 100, height: 300 }, { y: 400, height: 100 }]; // prettier-ignore
const page: Page = {
  order: ['a', 'b', 'c'],
  extents: new Map([['a', rows[0]!], ['b', rows[1]!], ['c', rows[2]!]]),
  top: 200,
  content: 1000,
  view: 400,
}; // prettier-ignore

test.each([
  [0, { index: 0, dy: 0 }],
  [99, { index: 0, dy: 99 }],
  [100, { index: 1, dy: 0 }],
  [250, { index: 1, dy: 150 }],
  [499, { index: 2, dy: 99 }],
  [-40, { index: 0, dy: -40 }],
])('at %d the topmost row is %j', (edge, top) => {
  expect(topOf(rows.length, edge, (index) => rows[index] ?? null)).toEqual(top);
});

test('behind the last row, and among rows that are not measured, there is no place', () => {
  expect(topOf(rows.length, 500, (index) => rows[index] ?? null)).toBeNull();
  expect(topOf(rows.length, 0, () => null)).toBeNull();
  expect(topOf(0, 0, () => null)).toBeNull();
});

test('a place in a post leads back to the block it was taken at', () => {
  const place = placeAt(page, 260, 56)!;
  expect(place).toEqual({ block: 'b', into: 16 / 300, fraction: 260 / 600 });
  expect(offsetOf(page, place, 56)).toBe(260);
  // From another device it is the block's first line, below the bar.
  expect(offsetOf(page, { block: 'b', fraction: 0.4 }, 56)).toBe(244);
});

test('above the first block one comes back to where one was, too', () => {
  const place = placeAt(page, 60, 56)!;
  expect(place.block).toBe('a');
  expect(offsetOf(page, place, 56)).toBeCloseTo(60);
});

test('who sees the end has read all; a block that is gone is found by its share', () => {
  expect(placeAt(page, 600, 56)).toEqual({ block: 'c', fraction: 1 });
  expect(offsetOf(page, { block: 'gone', fraction: 0.5 }, 56)).toBe(300);
  expect(offsetOf({ ...page, extents: new Map() }, { block: 'b', fraction: 0.5 }, 56)).toBeNull(); // not measured yet
});

test('of two places the later counts, and neither the beginning nor the end is worth a return', () => {
  const here = { block: 'a', fraction: 0.2, at: '2026-08-02T12:00:00.000Z' };
  const there = { block: 'b', fraction: 0.6, at: '2026-08-02T12:00:01.000Z' };
  expect(laterOf(here, there)).toBe(there);
  expect(laterOf(there, here)).toBe(there);
  expect(laterOf(here, null)).toBe(here);
  expect([null, { fraction: 0 }, { fraction: 0.5 }, { fraction: 1 }].map(isWorthReturning)).toEqual([false, false, true, false]);
});

test('places outlive the app', async () => {
  keepFeedPlace('latest', { post: 'tea', dy: 12 });
  keepPostPlace('tea', { block: 'b', fraction: 0.4, at: '2026-08-02T12:00:00.000Z' });
  chooseFeed('following');
  await writePlaces();
  keepFeedPlace('latest', null);
  await loadPlaces();
  expect(feedPlace('latest')).toEqual({ post: 'tea', dy: 12 });
  expect(postPlace('tea')?.block).toBe('b');
  expect(chosenFeed()).toBe('following');
});
