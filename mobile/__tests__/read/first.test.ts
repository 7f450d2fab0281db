/** @jest-environment jsdom */
import feed from '../../__fixtures__/feed.json';
import { begin, card, COLOURS, DISCLOSURE, KINDS, SHAPE, startOf, TITLE } from '../../first/cards';
import { SHAPE as STORED } from '@/state/offline';
import { endFirst, takeFirstPage, wantedFirst } from '@/state/first.web';
import { feedPlace } from '@/state/place';
import { strings } from '@/strings';
import { colours } from '@/theme/tokens';

const ORIGIN = 'https://blog.example';
const NOW = 1_785_900_000_000;
const posts = feed.items as unknown as { slug: string; title: string }[];
const cacheOf = (kind: string, more: object = {}): string =>
  JSON.stringify({ buster: STORED, timestamp: NOW - 1000, clientState: { queries: [{ queryKey: ['feed', kind], state: { data: { pages: [feed] } } }] }, ...more });
const storage = (stored: Record<string, unknown>) => ({
  getItem: (name: string): string | null => (name in stored ? (typeof stored[name] === 'string' ? stored[name] : JSON.stringify(stored[name])) : null),
});
const ann = { origin: ORIGIN, title: '', person: { id: 'ann' } };
const slugs = (found: ReturnType<typeof startOf>): string[] | undefined => found?.posts.map(({ slug }: { slug: string }) => slug);

test('what it says, how it looks and what it reads is the app’s', () => {
  expect(SHAPE).toBe(STORED);
  expect(TITLE).toBe(strings.feed.title);
  expect([...KINDS].sort()).toEqual(Object.keys(strings.feed.kinds).sort());
  expect({ ...DISCLOSURE, none: '' }).toEqual(strings.post.disclosure);
  for (const [name, [ground, ink, quiet, line, accent, accentSoft, sunken]] of Object.entries(COLOURS)) {
    expect(colours[name as keyof typeof colours]).toMatchObject({ ground, ink, quiet, line, accent, accentSoft, sunken });
  }
});

test('what one kept is drawn for nobody else', () => {
  const stored = { 'blogen.session': ann, [`blogen.cache.${ORIGIN}|ann`]: cacheOf('for-you') };
  expect(slugs(startOf(storage(stored), ORIGIN, NOW))).toEqual(posts.slice(0, 8).map(({ slug }) => slug));
  const signedOut = { ...stored, 'blogen.session': { ...ann, person: null } };
  expect(slugs(startOf(storage(signedOut), ORIGIN, NOW))).toEqual([]);
  const another = { ...stored, 'blogen.session': { ...ann, person: { id: 'ben' } } };
  expect(slugs(startOf(storage(another), ORIGIN, NOW))).toEqual([]);
  const elsewhere = { ...stored, 'blogen.session': { ...ann, origin: 'https://other.example' } };
  expect(startOf(storage(elsewhere), ORIGIN, NOW)).toMatchObject({ kind: 'latest', posts: [] });
});

test('it begins where the reader was, with the feed that was chosen', () => {
  const places = { chosen: 'latest', feeds: { latest: { post: posts[1]?.slug, dy: 31 } } };
  const stored = { 'blogen.places': places, [`blogen.cache.${ORIGIN}|anyone`]: cacheOf('latest') };
  const found = startOf(storage(stored), ORIGIN, NOW);
  expect(found).toMatchObject({ kind: 'latest', dy: 31 });
  expect(slugs(found)?.[0]).toBe(posts[1]?.slug);
  expect(startOf(storage({ 'blogen.places': { chosen: 'following' } }), ORIGIN, NOW)).toBeNull();
});

test.each([
  ['nothing', {}],
  ['no JSON', { 'blogen.session': '{', 'blogen.places': 'x', [`blogen.cache.${ORIGIN}|anyone`]: '[' }],
  ['null', { 'blogen.session': 'null', 'blogen.places': 'null', [`blogen.cache.${ORIGIN}|anyone`]: 'null' }],
  ['another shape', { [`blogen.cache.${ORIGIN}|anyone`]: cacheOf('latest', { buster: '0' }) }],
  ['an old one', { [`blogen.cache.${ORIGIN}|anyone`]: cacheOf('latest', { timestamp: NOW - 8 * 24 * 3600_000 }) }],
])('stored is %s: nothing is drawn, and the feed is asked for', (_what, stored) => {
  expect(startOf(storage(stored), ORIGIN, NOW)).toMatchObject({ kind: 'latest', posts: [], dy: 0 });
});

test('markup in a post stays text, and its address inside the app', () => {
  const hostile = { ...feed.items[0], slug: '../"><x', title: '<img src=x onerror=alert(1)>', summary: '</p><script>', language: 'en"' };
  const row = card(document, hostile, { colours: COLOURS.light, size: 1, isVague: true, hasCovers: false });
  expect(row.querySelector('script, img, x')).toBeNull();
  expect(row.querySelector('h2')?.textContent).toBe('<img src=x onerror=alert(1)>');
  expect(row.querySelector('a')?.getAttribute('href')).toBe('/app/post/..%2F%22%3E%3Cx');
});

function opened(answer: unknown): { asked: string[] } {
  const asked: string[] = [];
  document.body.innerHTML = '<div id="root"></div>';
  begin({
    document,
    location: { pathname: '/app/', origin: ORIGIN },
    localStorage: storage({}),
    matchMedia: () => ({ matches: true }),
    fetch: async (url: string) => {
      asked.push(url);
      return { ok: answer !== null, json: async () => answer };
    },
    set blogenFirst(handed: unknown) {
      (globalThis as { blogenFirst?: unknown }).blogenFirst = handed;
    },
  });
  return { asked };
}

test('the page asks once; the app takes the answer over, opens what was pressed, and the cards go', async () => {
  const { asked } = opened(feed);
  const handed = takeFirstPage('latest');
  expect(await handed).toBe(feed);
  expect(takeFirstPage('latest')).toBeNull();
  expect(asked).toEqual(['/api/v1/feed?kind=latest&limit=8']);
  const link = document.querySelector<HTMLElement>('#first a');
  const press = new MouseEvent('click', { bubbles: true, cancelable: true });
  link?.dispatchEvent(press);
  expect(press.defaultPrevented).toBe(true);
  const again = new MouseEvent('click', { bubbles: true, cancelable: true });
  link?.dispatchEvent(again);
  expect(again.defaultPrevented).toBe(false); // not for ever without an app
  endFirst();
  expect(document.getElementById('first')).toBeNull();
  expect(wantedFirst()).toBe(`/post/${posts[0]?.slug}`);
  expect(wantedFirst()).toBeNull();
});

test('what was asked for is nothing for a later person or another feed', () => {
  opened(feed);
  expect(takeFirstPage('for-you')).toBeNull();
  endFirst();
  expect(takeFirstPage('latest')).toBeNull();
});

test('where the answer is a failure or comes too late, nothing is drawn', async () => {
  opened(null);
  expect(await takeFirstPage('latest')).toBeNull();
  expect(document.getElementById('first')).toBeNull();
  opened(feed);
  const late = takeFirstPage('latest');
  endFirst();
  await late;
  await Promise.resolve();
  expect(document.getElementById('first')).toBeNull();
});

const rect = (top: number, height: number) => ({ top, bottom: top + height }) as DOMRect;

test('where one scrolled to among the first cards, the feed opens', async () => {
  opened(feed);
  await takeFirstPage('latest');
  const scroller = document.getElementById('first')?.lastElementChild as HTMLElement;
  scroller.scrollTop = 500;
  [...scroller.querySelectorAll('[data-slug]')].forEach((row, index) => {
    row.getBoundingClientRect = () => rect(index * 400 - 500, 400);
  });
  scroller.getBoundingClientRect = () => rect(0, 700);
  endFirst();
  expect(feedPlace('latest')).toEqual({ post: posts[1]?.slug, dy: 100 });
});
