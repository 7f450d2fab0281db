import { act, fireEvent, screen, waitFor } from '@testing-library/react-native';
import * as Speech from 'expo-speech';
import { ScrollView, Share } from 'react-native';

import author from '../../__fixtures__/author.json';
import fixture from '../../__fixtures__/post.json';

import type { Post } from '@/api/queries/posts';
import PostScreen from '@/app/post/[slug]';
import HowScreen from '@/app/post/[slug]/how';
import { forgetPlaces, keepPostPlace, postPlace } from '@/state/place';
import { strings } from '@/strings';

import { begin, offline, only, open, refusal, serve, type Answers, type Asked } from '../talk/stage';

jest.mock('expo-speech');

const post = fixture as unknown as Post;
const HERE = `/posts/${post.slug}`;
const standing = { slug: post.slug, counts: post.counts, viewer: post.viewer!, list: '', place: null };
const first = post.blocks[0]!;
const second = post.blocks[1]!;

let answers: Answers;

beforeEach(async () => {
  await begin();
  await forgetPlaces();
  answers = {
    [`GET ${HERE}`]: post,
    [`GET ${HERE}/progress`]: standing,
    [`GET ${HERE}/corrections`]: { items: [], next: null },
    [`PUT ${HERE}/progress`]: standing,
    [`GET /authors/${post.author.handle}`]: author,
  };
});

function openPost() {
  return open(`/post/${post.slug}`, { index: () => null, 'post/[slug]': PostScreen, 'post/[slug]/how': HowScreen, 'post/[slug]/comments': () => null });
}

const button = (name: string) => screen.findByRole('button', { name });

/** What a phone tells of the layout: each block a hundred points high, one below the other. */
async function layOut(): Promise<void> {
  const page = await screen.findByTestId('post');
  const box = (y: number, height: number) => ({ nativeEvent: { layout: { x: 0, y, width: 390, height } } });
  await act(async () => {
    post.blocks.forEach(({ id }, at) => fireEvent(screen.getByTestId(`block-${id}`), 'layout', box(at * 100, 100)));
    fireEvent(page, 'contentSizeChange', 390, 3000);
  });
}

function scroll(y: number): void {
  fireEvent.scroll(screen.getByTestId('post'), {
    nativeEvent: { contentOffset: { x: 0, y }, contentSize: { width: 390, height: 3000 }, layoutMeasurement: { width: 390, height: 800 } },
  });
}

test('a post says who wrote it and how, and what it rests on', async () => {
  serve(answers);
  openPost();
  expect(await screen.findByRole('header', { name: post.title })).toBeTruthy();
  expect(screen.getByText(strings.post.disclosure['ai-autonomous'])).toBeTruthy();
  fireEvent.press(screen.getAllByRole('button', { name: strings.reading.openNote('1') })[0]!);
  expect(await screen.findByText(strings.reading.passage('1'))).toBeTruthy();
  expect(screen.getByRole('button', { name: strings.reading.openSource })).toBeTruthy();
});

test('like and unlike are shown at once, and taken back when the blog refuses', async () => {
  let refuse: () => void = () => {};
  answers[`DELETE ${HERE}/like`] = () => new Promise((resolve) => (refuse = () => resolve(refusal(403, 'forbidden', 'Not today.'))));
  serve(answers);
  openPost();
  fireEvent.press(await button(strings.post.unlike));
  expect(await button(strings.post.like)).toBeTruthy();
  await act(async () => refuse());
  expect(await button(strings.post.unlike)).toBeTruthy();
  expect(screen.getByText(/Not today\./)).toBeTruthy();
});

test('who is nobody is led to the sign-in by what needs a somebody', async () => {
  await begin(null);
  answers[`GET ${HERE}`] = { ...post, viewer: null };
  serve(answers);
  const router = openPost();
  fireEvent.press(await button(strings.post.like));
  await waitFor(() => expect(router.getPathname()).toBe('/sign-in'));
});

test('the place is told to the blog on leaving, by its block', async () => {
  const asked = serve(answers);
  openPost();
  await layOut();
  scroll(100); // and 56 more lie behind the bar
  expect(postPlace(post.slug)).toMatchObject({ block: second.id });
  screen.unmount();
  await waitFor(() => expect(only(asked, 'PUT', `${HERE}/progress`)).toHaveLength(1));
  expect(only(asked, 'PUT', `${HERE}/progress`)[0]?.body).toMatchObject({ block: second.id, fraction: 100 / 2200 });
});

test('a post opens where it was left, and leads to its beginning if that is wanted', async () => {
  keepPostPlace(post.slug, { block: second.id, fraction: 0.3, at: '2026-08-02T12:00:00.000Z' });
  serve(answers);
  const scrollTo = jest.spyOn(ScrollView.prototype, 'scrollTo');
  openPost();
  await layOut();
  expect(scrollTo).toHaveBeenLastCalledWith({ y: 100 - 56, animated: false });
  expect(screen.getByText(strings.reading.continued)).toBeTruthy();
  fireEvent.press(await button(strings.reading.toStart));
  expect(scrollTo).toHaveBeenLastCalledWith({ y: 0, animated: false });
  expect(screen.queryByText(strings.reading.continued)).toBeNull();
});

test('a later place of another device is offered, not jumped to, once one has begun to scroll', async () => {
  keepPostPlace(post.slug, { block: first.id, fraction: 0, at: '2026-08-02T12:00:00.000Z' });
  let tell: () => void = () => {};
  const place = { block: post.blocks[5]!.id, fraction: 0.5, at: '2999-01-01T00:00:00.000Z' };
  answers[`GET ${HERE}/progress`] = () => new Promise((resolve) => (tell = () => resolve({ ...standing, place })));
  serve(answers);
  openPost();
  await layOut();
  scroll(120);
  await act(async () => tell());
  expect(await screen.findByText(strings.reading.elsewhere)).toBeTruthy();
  expect(postPlace(post.slug)?.block).not.toBe(place.block);
  fireEvent.press(await button(strings.reading.goThere));
  expect(postPlace(post.slug)?.block).toBe(place.block);
});

test('the block that is read aloud is marked; leaving ends it', async () => {
  serve(answers);
  openPost();
  await layOut();
  fireEvent.press(await button(strings.listening.start));
  expect(screen.getByTestId(`block-${first.id}`).props['aria-current']).toBe(true);
  fireEvent.press(await button(strings.listening.next));
  expect(screen.getByTestId(`block-${first.id}`).props['aria-current']).toBeUndefined();
  expect(screen.getByTestId(`block-${second.id}`).props['aria-current']).toBe(true);
  jest.mocked(Speech.stop).mockClear();
  screen.unmount();
  expect(Speech.stop).toHaveBeenCalled();
});

test('an error is reported on its paragraph; a refusal keeps what was typed', async () => {
  answers[`POST ${HERE}/reports`] = () => refusal(429, 'too-many', 'Ten reports an hour.');
  const asked = serve(answers);
  openPost();
  await layOut();
  fireEvent.press(await button(strings.reading.more));
  fireEvent.press(await screen.findByRole('menuitem', { name: strings.reading.report }));
  const field = await screen.findByLabelText(strings.reading.reportField);
  await waitFor(() => expect(field.props.editable).toBe(true));
  fireEvent.changeText(field, 'It is 80 degrees.');
  fireEvent.press(await button(strings.reading.reportSend));
  expect(await screen.findByText(/Ten reports an hour/)).toBeTruthy();
  expect(screen.getByLabelText(strings.reading.reportField).props.value).toBe('It is 80 degrees.');
  answers[`POST ${HERE}/reports`] = { id: 'r1' };
  fireEvent.press(await button(strings.reading.reportSend));
  expect(await screen.findByText(strings.reading.reported)).toBeTruthy();
  const [, sent] = only(asked, 'POST', `${HERE}/reports`);
  expect(sent?.body).toEqual({ note: 'It is 80 degrees.', block: first.id });
});

test('sharing gives the public address', async () => {
  const shared = jest.spyOn(Share, 'share').mockResolvedValue({ action: 'sharedAction' });
  serve(answers);
  openPost();
  fireEvent.press(await button(strings.post.share));
  expect(shared.mock.calls[0]?.[0]).toMatchObject({ url: `https://blog.example${post.url}` });
});

test('a post that is taken away while it is open says so, and leads on', async () => {
  answers[`PUT ${HERE}/bookmark`] = answers[`DELETE ${HERE}/bookmark`] = () => refusal(404, 'not-found', 'No such post.');
  serve(answers);
  const router = openPost();
  const save = await button(strings.post.unsave);
  answers[`GET ${HERE}`] = () => refusal(410, 'gone', 'The post was removed.');
  fireEvent.press(save);
  expect(await screen.findByText(strings.reading.gone)).toBeTruthy();
  expect(screen.queryByText(post.title)).toBeNull();
  fireEvent.press(await button(strings.reading.toFeed));
  await waitFor(() => expect(router.getPathname()).toBe('/'));
});

const page = (): Response => new Response('<html>Wi-Fi sign-in</html>', { status: 200, headers: { 'Content-Type': 'text/html' } });
const half = (): Response => new Response('{"slug": "ev', { status: 200, headers: { 'Content-Type': 'application/json' } });

test.each<[string, (asked: Asked) => unknown, string]>([
  ['no network', offline, strings.trouble.offline.title],
  ['a page in place of the post', page, strings.trouble['wrong-address'].title],
  ['half an answer', half, strings.trouble['broken-answer'].title],
  ['a blog in trouble', () => refusal(500, 'internal', 'Oops.'), strings.trouble.server.title],
  ['too many requests', () => refusal(429, 'too-many', 'Wait.'), strings.trouble['too-many'].title],
])('%s has its own sentence and a way on', async (_name, fail, title) => {
  answers[`GET ${HERE}`] = fail;
  serve(answers);
  openPost();
  expect(await screen.findByText(title, {}, { timeout: 15_000 })).toBeTruthy();
  answers[`GET ${HERE}`] = post;
  fireEvent.press(await button(strings.trouble.offline.action));
  expect(await screen.findByRole('header', { name: post.title })).toBeTruthy();
});

test('how it was made is told from the receipt', async () => {
  answers[`GET ${HERE}/receipt`] = {
    slug: post.slug, job: 'j', provenance: post.provenance, notices: ['One link was removed.'], sources: post.sources,
    steps: [{ step: 'outline/ask', provider: 'main', model: 'some-model', input_tokens: 10, output_tokens: 20, cost_usd: '0.001200', duration_ms: 1500, prompt_digest: 'abc' }],
    approvals: [{ at: post.published_at, by: 'Ann', note: 'Good.' }], cost_usd: '0.001200', tokens: { input: 10, output: 20 }, duration_ms: 1500,
    ordered_at: post.published_at, published_at: post.published_at,
  }; // prettier-ignore
  serve(answers);
  openPost();
  fireEvent.press(await button(strings.reading.how));
  expect(await screen.findByText('outline/ask')).toBeTruthy();
  for (const words of ['One link was removed.', 'Good.', '$0.0012', 'main/some-model']) expect(screen.getByText(words)).toBeTruthy();
});

test('a post that fits the screen is read once it was shown for a while, and not before', async () => {
  const asked = serve(answers);
  openPost();
  const page = await screen.findByTestId('post');
  jest.useFakeTimers();
  try {
    fireEvent(page, 'layout', { nativeEvent: { layout: { x: 0, y: 0, width: 390, height: 800 } } });
    fireEvent(page, 'contentSizeChange', 390, 700);
    jest.advanceTimersByTime(2900);
    expect(postPlace(post.slug)).toBeNull();
    jest.advanceTimersByTime(200);
    expect(postPlace(post.slug)).toMatchObject({ fraction: 1 });
  } finally {
    jest.useRealTimers();
  }
  screen.unmount();
  await waitFor(() => expect(only(asked, 'PUT', `${HERE}/progress`)[0]?.body).toMatchObject({ fraction: 1 }));
});

test('the name of a list that is not sent yet outlives its sheet, and is forgotten once it is', async () => {
  const asked = serve({ ...answers, 'GET /me/bookmarks': { items: [], next: null }, [`PUT ${HERE}/bookmark`]: standing });
  openPost();
  const openSheet = async (): Promise<void> => {
    fireEvent.press(await button(strings.reading.more));
    fireEvent.press(await screen.findByText(strings.reading.saveTo));
  };
  const field = () => screen.findByLabelText(strings.reading.list);
  await openSheet();
  await waitFor(async () => expect((await field()).props.editable).toBe(true));
  fireEvent.changeText(await field(), 'For the winter');
  fireEvent.press(screen.getAllByRole('button', { name: strings.close }).at(-1)!);
  await openSheet();
  expect((await field()).props.value).toBe('For the winter');
  fireEvent.press(await button(strings.reading.keep));
  await waitFor(() => expect(only(asked, 'PUT', `${HERE}/bookmark`)[0]?.body).toMatchObject({ list: 'For the winter' }));
  await openSheet();
  expect((await field()).props.value).toBe('');
});
