import { act, fireEvent, screen, waitFor } from '@testing-library/react-native';
import { AppState, type AppStateStatus } from 'react-native';

import feed from '../../__fixtures__/feed.json';

import Feed from '@/app/(tabs)/index';
import { loadPlaces } from '@/state/place';
import { strings } from '@/strings';

import { begin, offline, only, open, refusal, serve, type Answers } from '../talk/stage';

const [first, second] = feed.items;
const line = (slug: string) => ({ ...first!, slug, title: `Title of ${slug}`, cover: null });
const page = (slugs: string[], next: string | null, head: string | null = null) => ({ items: slugs.map(line), next, head });

let answers: Answers;
let wake: (state: AppStateStatus) => void = () => {};

beforeEach(async () => {
  await begin();
  await loadPlaces();
  jest.spyOn(AppState, 'addEventListener').mockImplementation((kind, heard) => {
    const before = wake;
    if (kind === 'change') wake = (state) => (before(state), (heard as (state: AppStateStatus) => void)(state));
    return { remove: () => {} };
  });
  answers = { 'GET /feed': { ...feed, next: null }, 'GET /feed/since': { new: 0 } };
});

afterEach(() => {
  wake = () => {};
  jest.restoreAllMocks();
});

const openFeed = () => open('/', { index: Feed, 'post/[slug]': () => null, explore: () => null });
const titles = () => screen.queryAllByRole('header').map((one) => one.props.children as string);

test('each card tells why it is there', async () => {
  const asked = serve(answers);
  openFeed();
  expect(await screen.findByText(first!.title)).toBeTruthy();
  expect(screen.getAllByText(first!.reason.text).length).toBeGreaterThan(0);
  expect(screen.getByText(second!.title)).toBeTruthy();
  expect(only(asked, 'GET', '/feed')[0]?.path).toContain('kind=for-you');
});

test('new posts wait behind the pill: nothing moves until it is touched', async () => {
  serve(answers);
  answers['GET /feed'] = page(['a', 'b'], null, 'head-1');
  openFeed();
  await screen.findByText('Title of a');
  const before = titles();
  answers['GET /feed'] = page(['new', 'a', 'b'], null, 'head-2');
  answers['GET /feed/since'] = ({ path }: { path: string }) => ({ new: path.includes('head-1') ? 1 : 0 });
  await act(async () => wake('active'));
  const pill = await screen.findByRole('button', { name: strings.feed.news(1) });
  expect(titles()).toEqual(before);
  fireEvent.press(pill);
  expect(await screen.findByText('Title of new')).toBeTruthy();
  await waitFor(() => expect(screen.queryByRole('button', { name: strings.feed.news(1) })).toBeNull());
});

test('a feed that cannot be renewed stays as it is', async () => {
  serve(answers);
  answers['GET /feed'] = page(['a'], null, 'head-1');
  answers['GET /feed/since'] = { new: 2 };
  openFeed();
  const pill = await screen.findByRole('button', { name: strings.feed.news(2) });
  answers['GET /feed'] = offline;
  fireEvent.press(pill);
  expect(await screen.findByText(new RegExp(strings.feed.refreshFailed))).toBeTruthy();
  expect(screen.getByText('Title of a')).toBeTruthy();
});

test('the next page comes below; if it does not come, that is told and can be tried again', async () => {
  serve(answers);
  answers['GET /feed'] = ({ path }: { path: string }) => (path.includes('cursor=c1') ? refusal(503, 'busy', 'Busy.') : page(['a'], 'c1', 'h'));
  openFeed();
  fireEvent.press(await screen.findByRole('button', { name: strings.feed.more }));
  expect(await screen.findByText(new RegExp(strings.feed.moreFailed), {}, { timeout: 10_000 })).toBeTruthy();
  answers['GET /feed'] = ({ path }: { path: string }) => (path.includes('cursor=c1') ? page(['b'], null) : page(['a'], 'c1', 'h'));
  fireEvent.press(screen.getByRole('button', { name: strings.trouble.busy.action }));
  expect(await screen.findByText('Title of b')).toBeTruthy();
  expect(screen.getByText(strings.feed.end)).toBeTruthy();
});

test('who is nobody reads the latest, and is invited by the other two', async () => {
  await begin(null);
  const asked = serve(answers);
  const router = openFeed();
  await screen.findByText(first!.title);
  expect(only(asked, 'GET', '/feed').every(({ path }) => path.includes('kind=latest'))).toBe(true);
  fireEvent.press(screen.getByRole('button', { name: strings.feed.kinds['for-you'] }));
  expect(screen.getByText(strings.feed.invite['for-you'])).toBeTruthy();
  fireEvent.press(screen.getByRole('button', { name: strings.feed.signIn }));
  await waitFor(() => expect(router.getPathname()).toBe('/sign-in'));
});

test('who follows nobody is led to whom to follow', async () => {
  serve(answers);
  answers['GET /feed'] = { items: [], next: null, head: 'h' };
  openFeed();
  fireEvent.press(await screen.findByRole('button', { name: strings.feed.kinds.following }));
  expect(await screen.findByText(strings.feed.emptyFollowing)).toBeTruthy();
});
