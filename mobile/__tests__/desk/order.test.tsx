import AsyncStorage from '@react-native-async-storage/async-storage';
import { act, fireEvent, screen, waitFor } from '@testing-library/react-native';

import authors from '../../__fixtures__/authors.json';
import job from '../../__fixtures__/job_in_review.json';
import jobs from '../../__fixtures__/jobs.json';
import site from '../../__fixtures__/site.json';

import Desk from '@/app/(tabs)/desk';
import { strings } from '@/strings';

import { answer, begin, offline, only, open, serve, type Answers } from '../talk/stage';
import { author, reader } from './people';

const estimate = { posts: 3, typical_usd: '0.012000', low_usd: '0.010000', high_usd: '0.020000', has_unknown: false };
const { desk } = strings;
let answers: Answers;

beforeEach(async () => {
  await begin(author);
  answers = {
    'GET /site': site,
    'GET /jobs': { items: [], next: null },
    'GET /authors': authors,
    'GET /costs/estimate': estimate,
    [`GET /jobs/${job.id}`]: job,
  };
});

const routes = { desk: Desk, 'job/[id]/index': () => null };
const press = (name: string) => fireEvent.press(screen.getByRole('button', { name }));
const field = (label: string) => screen.getByLabelText(label);

async function openForm(url = '/desk?title=Green%20tea') {
  const shown = open(url, routes);
  await waitFor(() => expect(field(desk.topic).props.editable).toBe(true));
  return shown;
}

test('two taps make one job, and the form is empty after it', async () => {
  const asked = serve({ ...answers, 'POST /jobs': answer(job, 202) });
  const shown = await openForm();
  await waitFor(() => expect(field(desk.topic).props.value).toBe('Green tea'));
  act(() => {
    press(desk.send);
    press(desk.send); // before the button is drawn anew
  });
  await waitFor(() => expect(shown.getPathname()).toBe(`/job/${job.id}`));
  const sent = only(asked, 'POST', '/jobs');
  expect(sent).toHaveLength(1);
  expect(sent[0]?.body).toMatchObject({ topic: 'Green tea', words: 900, images: 1, review: null, publish_at: null, sources: [] });
  expect((await AsyncStorage.getAllKeys()).filter((key) => key.includes('unsent'))).toEqual([]);
});

test('an order whose answer was lost is sent again with its key, also after the app ended; a changed one is another', async () => {
  const asked = serve({ ...answers, 'POST /jobs': offline });
  const shown = await openForm();
  await waitFor(() => expect(field(desk.topic).props.value).toBe('Green tea'));
  press(desk.send);
  await screen.findByText(strings.trouble.offline.title);
  shown.unmount();

  open('/desk', routes);
  await waitFor(() => expect(field(desk.topic).props.value).toBe('Green tea'));
  press(desk.send);
  await screen.findByText(strings.trouble.offline.title);
  fireEvent.changeText(field(desk.topic), 'Black tea');
  press(desk.send);
  await waitFor(() => expect(only(asked, 'POST', '/jobs')).toHaveLength(3));
  const [first, again, other] = only(asked, 'POST', '/jobs').map(({ headers }) => headers.get('Idempotency-Key'));
  expect(again).toBe(first);
  expect(other).not.toBe(first);
});

test('what the blog refuses stands beside its field, and what was typed stays', async () => {
  const detail = '`sources.0.url` leads to a network of its own. `author` is unknown.';
  const errors = [
    { path: 'sources.0.url', message: 'leads to a network of its own' },
    { path: 'author', message: 'is unknown' },
  ];
  const problem = () => new Response(JSON.stringify({ code: 'invalid-input', detail, errors }), { status: 422, headers: { 'Content-Type': 'application/problem+json' } });
  serve({ ...answers, 'POST /jobs': problem });
  await openForm('/desk?title=Green%20tea&text=https%3A%2F%2Fexample.com%2Ftea');
  await waitFor(() => expect(field(desk.sourceUrl(1)).props.value).toBe('https://example.com/tea'));
  press(desk.send);
  expect(await screen.findByText('Leads to a network of its own.')).toBeTruthy();
  expect(screen.getByText('Is unknown.')).toBeTruthy(); // behind "More", which has opened
  expect(field(desk.topic).props.value).toBe('Green tea');
});

test('what the blog would refuse is said before it is asked', async () => {
  const asked = serve(answers);
  await openForm();
  fireEvent.changeText(field(desk.topic), 'Te');
  press(desk.addUrl);
  fireEvent.changeText(field(desk.sourceUrl(1)), 'javascript:alert(1)');
  press(desk.send);
  expect(await screen.findByText(desk.wrong.short(3, 2))).toBeTruthy();
  expect(screen.getByText(desk.wrong.url)).toBeTruthy();
  expect(only(asked, 'POST', '/jobs')).toEqual([]);
});

test('what is shared comes once, and replaces nothing that was typed', async () => {
  serve(answers);
  const first = await openForm('/desk?text=Look:%20https%3A%2F%2Fexample.com%2Ftea');
  fireEvent.changeText(field(desk.topic), 'My own words');
  first.unmount();
  await openForm('/desk?title=Theirs&url=https%3A%2F%2Fexample.com%2Ftea');
  await waitFor(() => expect(field(desk.topic).props.value).toBe('My own words'));
  expect(screen.getAllByLabelText(/^Address \d$/)).toHaveLength(1);
});

test('the estimate is told', async () => {
  serve(answers);
  await openForm();
  expect(await screen.findByText(/about \$0.0120, most cost \$0.0100 to \$0.0200/)).toBeTruthy();
});

test('jobs are listed, filtered and paged', async () => {
  const asked = serve({ ...answers, 'GET /jobs': ({ path }: { path: string }) => (path.includes('cursor=') ? { ...jobs, items: [], next: null } : { ...jobs, next: 'c2' }) });
  open('/desk', routes);
  expect(await screen.findByText(strings.job.waits.review)).toBeTruthy();
  press(strings.more);
  await waitFor(() => expect(only(asked, 'GET', '/jobs').some(({ path }) => path.includes('cursor=c2'))).toBe(true));
  press(strings.job.states.failed);
  await waitFor(() => expect(only(asked, 'GET', '/jobs').some(({ path }) => path.includes('state=failed'))).toBe(true));
});

test('a reader is invited, and asks nothing of the jobs', async () => {
  await begin(reader);
  const asked = serve(answers);
  open('/desk', routes);
  expect(await screen.findByText(desk.inviteReader)).toBeTruthy();
  expect(only(asked, 'GET', '/jobs')).toEqual([]);
});
