import { act, fireEvent, screen, waitFor } from '@testing-library/react-native';
import { onlineManager } from '@tanstack/react-query';

import reviewed from '../../__fixtures__/job_in_review.json';
import published from '../../__fixtures__/job_published.json';
import rejected from '../../__fixtures__/job_rejected.json';
import steps from '../../__fixtures__/steps.json';
import timeline from '../../__fixtures__/timeline.json';

import JobScreen from '@/app/job/[id]/index';
import type { Job } from '@/api/queries/jobs';
import * as events from '@/state/events';
import { strings } from '@/strings';

import { answer, begin, only, open, serve, type Answers, type Asked } from '../talk/stage';
import { author } from './people';

// What is only to be had in a browser is switched on where a test is about it; the stream itself is a real one.
jest.mock('@/state/events', () => ({ __esModule: true, ...jest.requireActual<object>('@/state/events'), CAN_STREAM: false }));

const { job: words } = strings;
const drafting = { ...reviewed, state: 'drafting', progress: 0.333, waiting: null } as unknown as Job;
const at = `/jobs/${drafting.id}`;
let answers: Answers;

beforeEach(async () => {
  await begin(author);
  jest.replaceProperty(events as { CAN_STREAM: boolean }, 'CAN_STREAM', false);
  answers = { [`GET ${at}`]: drafting, [`GET ${at}/steps`]: steps, [`GET ${at}/timeline`]: timeline };
});
afterEach(() => jest.restoreAllMocks());

const routes = { 'job/[id]/index': JobScreen, 'post/[slug]': () => null, 'job/[id]/review': () => null, desk: () => null };
const openJob = () => open(`/job/${drafting.id}`, routes);
const press = (name: string) => fireEvent.press(screen.getByRole('button', { name }));

/** A stream as the blog sends it, which the test feeds. */
class Line {
  readonly asked: Asked[] = [];
  private feed: ReadableStreamDefaultController<Uint8Array> | null = null;

  answer = (asked: Asked): Response => {
    this.asked.push(asked);
    const body = new ReadableStream<Uint8Array>({ start: (feed) => void (this.feed = feed) });
    // The `Response` of these tests is React Native's, which knows no streams; a browser's does.
    return Object.defineProperty(new Response(null), 'body', { value: body });
  };

  async tell(event: string, data: object, id?: number): Promise<void> {
    const head = id === undefined ? '' : `id: ${id}\n`;
    await act(async () => this.feed?.enqueue(new TextEncoder().encode(`${head}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)));
  }

  async breaks(): Promise<void> {
    await act(async () => this.feed?.error(new TypeError('network error')));
  }
}

const moved = (id: number, target: string) => ({ id, at: '2027-01-01T00:00:00.000Z', event: 'moved', origin: 'drafting', target, step: null, run: null, detail: {} });

async function openLive(): Promise<{ line: Line; asked: Asked[] }> {
  jest.replaceProperty(events as { CAN_STREAM: boolean }, 'CAN_STREAM', true);
  const line = new Line();
  const asked = serve({ ...answers, [`GET ${at}/events`]: line.answer });
  openJob();
  await screen.findByText(words.live);
  return { line, asked };
}

test('it shows the way taken, the steps and what they cost', async () => {
  serve({ ...answers, [`GET ${at}`]: { ...reviewed, cost_usd: '0.012300' } });
  openJob();
  await screen.findByText(words.review);
  await waitFor(() => expect(screen.getAllByText(words.reached).length).toBeGreaterThan(4));
  expect(screen.getAllByText(words.waits.review).length).toBeGreaterThan(0);
  expect(screen.getByText('$0.0123')).toBeTruthy();
  expect(await screen.findByText('draft:tea')).toBeTruthy();
});

test('a stream moves it at once, shows what is being written, and is asked only once', async () => {
  const { line, asked } = await openLive();
  await line.tell('text', { step: 'draft:tea', text: 'Green tea ' });
  await line.tell('text', { step: 'draft:tea', text: 'is drunk.' });
  expect(screen.getByTestId('writing')).toHaveTextContent('Green tea is drunk.');
  await line.tell('moved', moved(40, 'editing'), 40);
  expect(screen.getAllByText(words.states.editing).length).toBe(2); // the badge, and its station
  expect(screen.queryByTestId('writing')).toBeNull();
  expect(only(asked, 'GET', `${at}/events`)).toHaveLength(1);
});

test('the last move of a stream brings what it made: the job is asked for once more, although nothing is heard any longer', async () => {
  const { line } = await openLive();
  answers[`GET ${at}`] = published;
  serve({ ...answers, [`GET ${at}/events`]: line.answer });
  await line.tell('moved', moved(50, 'published'), 50);
  expect(await screen.findByText(words.readPost, {}, { timeout: 5000 })).toBeTruthy();
});

test('a lost stream is told, and taken up where it broke; meanwhile the job is asked for', async () => {
  const { line, asked } = await openLive();
  await line.tell('moved', moved(41, 'editing'), 41);
  await line.breaks();
  await screen.findByText(words.lost);
  const before = only(asked, 'GET', at).length;
  await waitFor(() => expect(only(asked, 'GET', at).length).toBeGreaterThan(before), { timeout: 5000 });
  await screen.findByText(words.live, {}, { timeout: 5000 });
  expect(line.asked.at(-1)?.headers.get('Last-Event-ID')).toBe('41');
  expect(screen.queryByText(words.lost)).toBeNull();
});

test('back online, the stream is taken up at once', async () => {
  const { line } = await openLive();
  await line.tell('moved', moved(42, 'editing'), 42);
  await act(async () => onlineManager.setOnline(false));
  await act(async () => onlineManager.setOnline(true));
  await waitFor(() => expect(line.asked.at(-1)?.headers.get('Last-Event-ID')).toBe('42'));
});

test('without streams it is asked for every two seconds, until it is over', async () => {
  const asked = serve(answers);
  openJob();
  await screen.findByText(words.polling);
  answers[`GET ${at}`] = published;
  await screen.findByText(words.readPost, {}, { timeout: 5000 });
  expect(only(asked, 'GET', `${at}/events`)).toEqual([]);
  const before = only(asked, 'GET', at).length;
  await act(async () => jest.advanceTimersByTimeAsync(3 * events.POLL_MS));
  expect(only(asked, 'GET', at)).toHaveLength(before);
});

test('the published job leads to its post', async () => {
  serve({ ...answers, [`GET ${at}`]: published });
  const shown = openJob();
  await screen.findByText(words.readPost);
  press(words.readPost);
  await waitFor(() => expect(shown.getPathname()).toBe(`/post/${published.post.slug}`));
});

test('a failure says why and what to do, and is retried from a step', async () => {
  const failed = { ...rejected, id: drafting.id };
  const asked = serve({ ...answers, [`GET ${at}`]: failed, [`POST ${at}/retry`]: () => answer(drafting) });
  openJob();
  await screen.findByText(rejected.error.remedy);
  expect(await screen.findByText('edit')).toBeTruthy();
  press(words.retry);
  await screen.findByText(words.retryFrom);
  press('edit');
  fireEvent.press(screen.getAllByRole('button', { name: words.retry }).at(-1)!);
  await waitFor(() => expect(only(asked, 'POST', `${at}/retry`)[0]?.body).toEqual({ from: 'edit', fresh: false }));
});

test('what moved meanwhile is told, with where the job is now', async () => {
  const problem = { code: 'conflict', detail: 'Job 4 cannot be paused; it is published.', remedy: 'Look again.' };
  const conflict = () => {
    answers[`GET ${at}`] = published;
    return new Response(JSON.stringify(problem), { status: 409, headers: { 'Content-Type': 'application/problem+json' } });
  };
  answers[`POST ${at}/pause`] = conflict;
  serve(answers);
  openJob();
  await screen.findByText(words.pause);
  press(words.pause);
  expect(await screen.findByText(words.movedMeanwhile)).toBeTruthy();
  expect(screen.getByText(/cannot be paused; it is published/)).toBeTruthy();
  expect(await screen.findByText(words.nowIs(words.states.published))).toBeTruthy();
});

test('cancelling asks once more', async () => {
  const asked = serve({ ...answers, [`POST ${at}/cancel`]: { ...drafting, state: 'cancelled' } });
  openJob();
  await screen.findByText(words.cancel);
  press(words.cancel);
  expect(only(asked, 'POST', `${at}/cancel`)).toEqual([]);
  press(words.cancelSure);
  await waitFor(() => expect(only(asked, 'POST', `${at}/cancel`)).toHaveLength(1));
  expect(await screen.findByText(words.cancelledHere)).toBeTruthy();
});
