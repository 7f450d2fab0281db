import { act, fireEvent, screen, waitFor } from '@testing-library/react-native';

import authors from '../../__fixtures__/authors.json';
import found from '../../__fixtures__/search.json';
import tags from '../../__fixtures__/tags.json';

import Explore from '@/app/(tabs)/explore';
import { outbox } from '@/state/outbox';
import { strings } from '@/strings';

import { answer, begin, offline, only, open, pathname, refusal, serve, type Answers } from './stage';

const hit = (slug: string) => ({ ...found.items[0]!, slug, highlight: { title: [{ text: slug }], snippet: [] } });
let answers: Answers;

beforeEach(async () => {
  await begin();
  answers = { 'GET /tags': tags, 'GET /authors': authors, 'GET /search': found };
});

async function openExplore() {
  open('/explore', { explore: Explore, 'post/[slug]': () => null, 'tag/[tag]': () => null, 'author/[handle]': () => null });
  await screen.findByText('tea');
}
const type = (words: string) => fireEvent.changeText(screen.getByLabelText(strings.explore.search), words);
const button = (name: string) => screen.getByRole('button', { name });
const wait = (ms: number) => act(() => jest.advanceTimersByTimeAsync(ms));

test('topics stand with their counts, authors beside them', async () => {
  serve(answers);
  await openExplore();
  expect(screen.getByText(/2 posts · 0 followers/)).toBeTruthy();
  expect(await screen.findByText('Blogen')).toBeTruthy();
});

test('the blog is asked once one has stopped typing, and what was found is marked', async () => {
  const asked = serve(answers);
  await openExplore();
  for (const words of ['b', 'bl', 'block']) type(words);
  await wait(200);
  expect(only(asked, 'GET', '/search')).toEqual([]);
  await wait(150);
  await screen.findByText('block');
  expect(only(asked, 'GET', '/search').map(({ path }) => path)).toEqual(['/search?q=block']);
});

test('an answer to an older question is cancelled and never shown', async () => {
  const waiting: Record<string, (body: unknown) => void> = {};
  const asked = serve({
    ...answers,
    'GET /search': ({ path }: { path: string }) => new Promise((resolve) => (waiting[path] = (body) => resolve(answer(body)))),
  });
  await openExplore();
  type('old');
  await wait(350);
  type('new');
  await wait(350);
  expect(only(asked, 'GET', '/search')[0]?.signal?.aborted).toBe(true);
  waiting['/search?q=new']?.({ ...found, items: [hit('the new one')] });
  await screen.findByText('the new one');
  waiting['/search?q=old']?.({ ...found, items: [hit('the old one')] });
  await wait(50);
  expect(screen.queryByText('the old one')).toBeNull();
});

test('when nothing is found, it says what to try', async () => {
  serve({ ...answers, 'GET /search': { items: [], next: null, has_all_words: true } });
  await openExplore();
  type('zzz');
  await wait(350);
  await screen.findByText(strings.explore.nothing('zzz'));
  expect(screen.getByText(strings.explore.nothingBody)).toBeTruthy();
  expect(screen.getByText('tea')).toBeTruthy();
});

test('what one looked for is offered again, until it is forgotten', async () => {
  serve(answers);
  await openExplore();
  type('green tea');
  fireEvent(screen.getByLabelText(strings.explore.search), 'submitEditing');
  await screen.findByText('block');
  fireEvent.press(screen.getByRole('button', { name: strings.explore.clear }));
  expect(await screen.findByRole('button', { name: 'green tea' })).toBeTruthy();
  fireEvent.press(screen.getByRole('button', { name: strings.explore.forget }));
  expect(screen.queryByRole('button', { name: 'green tea' })).toBeNull();
});

test('a search without a network says so, and can be tried again', async () => {
  serve({ ...answers, 'GET /search': offline });
  await openExplore();
  type('tea');
  await wait(350);
  await screen.findByText(strings.trouble.offline.title);
  const asked = serve(answers);
  fireEvent.press(button(strings.retry));
  await screen.findByText('block');
  expect(only(asked, 'GET', '/search')).toHaveLength(1);
});

test('a follow is shown at once, and taken back when the blog refuses', async () => {
  let refuse = (): void => {};
  serve({
    ...answers,
    'PUT /tags/tea/follow': () => new Promise((resolve) => (refuse = () => resolve(refusal(403, 'forbidden', 'You are suspended.')))),
  });
  await openExplore();
  fireEvent.press(button(strings.follows.followOf('tea')));
  await screen.findByText(/1 follower$/);
  refuse();
  await screen.findByText(/You are suspended/);
  await waitFor(() => expect(button(strings.follows.followOf('tea'))).toBeTruthy());
  expect(screen.queryByText(/1 follower$/)).toBeNull();
});

test('a follow made offline is shown, and waits in the outbox', async () => {
  serve({ ...answers, 'PUT /tags/tea/follow': offline });
  await openExplore();
  fireEvent.press(button(strings.follows.followOf('tea')));
  await waitFor(() => expect(outbox.entries.get()).toMatchObject([{ act: { t: 'follow', of: 'tag', name: 'tea', on: true } }]));
  await waitFor(() => expect(button(`${strings.follows.following}: tea`)).toBeTruthy());
});

test('who is signed out is led to the sign-in by following', async () => {
  await begin(null);
  const asked = serve(answers);
  await openExplore();
  fireEvent.press(button(strings.follows.followOf('tea')));
  expect(pathname()).toBe('/sign-in');
  expect(only(asked, 'PUT', '/tags/tea/follow')).toEqual([]);
});
