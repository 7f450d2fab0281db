import AsyncStorage from '@react-native-async-storage/async-storage';
import { act, fireEvent, screen, waitFor } from '@testing-library/react-native';

import comments from '../../__fixtures__/comments.json';
import me from '../../__fixtures__/me.json';
import post from '../../__fixtures__/post.json';

import CommentsScreen from '@/app/post/[slug]/comments';
import { outbox } from '@/state/outbox';
import { strings } from '@/strings';

import { answer, begin, offline, only, open, pathname, refusal, serve, type Answers } from './stage';

const HERE = '/post/every-block/comments';
const WRITE = '/posts/every-block/comments';
const thread = comments.items[0]!;
const said = thread.answers[0]!;
const made = { ...thread, id: 'new', answers: [], markdown: 'I measured it.' };

let answers: Answers;

beforeEach(async () => {
  await begin();
  answers = { 'GET /posts/every-block': post, 'GET /posts/every-block/comments': comments, 'GET /comments/new': made };
});

async function openComments(url = HERE) {
  open(url, { 'post/[slug]/comments': CommentsScreen, 'post/[slug]': () => null });
  await screen.findByTestId(`comment-${thread.id}`);
}

const field = () => screen.getByLabelText(strings.talk.write);
const send = () => screen.getByRole('button', { name: strings.talk.send });

test('a thread is drawn with its answers, and what may be done with each', async () => {
  serve(answers);
  await openComments();
  expect(screen.getByText('said')).toBeTruthy();
  expect(screen.getByText('@ann')).toBeTruthy(); // a mention is a piece of its own
  expect(screen.getByRole('button', { name: strings.talk.replyTo('Bob') })).toBeTruthy();
});

test('two taps send one comment, and the field is empty after it', async () => {
  const asked = serve({ ...answers, [`POST ${WRITE}`]: answer(made, 201) });
  await openComments();
  await waitFor(() => expect(field().props.editable).toBe(true));
  fireEvent.changeText(field(), ' I measured it. ');
  fireEvent.press(send());
  fireEvent.press(send());
  await waitFor(() => expect(field().props.value).toBe(''));
  const sent = only(asked, 'POST', WRITE);
  expect(sent.map(({ body }) => body)).toEqual([{ text: 'I measured it.', parent: null }]);
  expect(sent[0]?.headers.get('Idempotency-Key')).toBeTruthy();
});

test('a refused comment is told in the blog’s own words, and nothing typed is lost', async () => {
  serve({ ...answers, [`POST ${WRITE}`]: () => refusal(422, 'invalid-input', '`text` has more than 400 paragraphs.') });
  await openComments();
  await waitFor(() => expect(field().props.editable).toBe(true));
  fireEvent.changeText(field(), 'Much too much.');
  fireEvent.press(send());
  await screen.findByText(/more than 400 paragraphs/);
  expect(screen.getByText(strings.talk.refused)).toBeTruthy();
  expect(field().props.value).toBe('Much too much.');
  expect(outbox.entries.get()).toEqual([]);
});

test('what is typed is kept for each comment that is answered, also when the app ends', async () => {
  serve(answers);
  await openComments();
  await waitFor(() => expect(field().props.editable).toBe(true));
  fireEvent.changeText(field(), 'At the top.');
  fireEvent.press(screen.getByRole('button', { name: strings.talk.replyTo('Bob') }));
  const below = await screen.findByLabelText(strings.talk.answer);
  await waitFor(() => expect(below.props.editable).toBe(true));
  expect(below.props.value).toBe('');
  fireEvent.changeText(below, 'To Bob.');
  fireEvent.press(screen.getByRole('button', { name: strings.talk.stopAnswering }));
  expect(field().props.value).toBe('At the top.');
  const kept = (await AsyncStorage.getAllKeys()).filter((key) => key.includes('unsent'));
  expect(await Promise.all(kept.sort().map((key) => AsyncStorage.getItem(key)))).toEqual(['At the top.', 'To Bob.']);
});

test('a comment written offline waits in the outbox, and is sent once when the blog answers again', async () => {
  const asked = serve({ ...answers, [`POST ${WRITE}`]: offline });
  await openComments();
  await waitFor(() => expect(field().props.editable).toBe(true));
  fireEvent.changeText(field(), 'From a train.');
  fireEvent.press(send());
  await screen.findByText(strings.talk.waits);
  expect(field().props.value).toBe('');
  expect(outbox.entries.get()).toMatchObject([{ act: { t: 'comment', text: 'From a train.' }, parked: null }]);
  const first = only(asked, 'POST', WRITE);

  const later = serve({ ...answers, [`POST ${WRITE}`]: answer(made, 201) });
  fireEvent.press(screen.getByRole('button', { name: strings.talk.sendNow }));
  await waitFor(() => expect(screen.queryByText('From a train.')).toBeNull());
  const second = only(later, 'POST', WRITE);
  expect(second.map(({ body }) => body)).toEqual([{ text: 'From a train.', parent: null }]);
  expect(second[0]?.headers.get('Idempotency-Key')).toBe(first[0]?.headers.get('Idempotency-Key'));
});

test('a comment that was refused later shows why, and can be taken back into the field', async () => {
  serve({ ...answers, [`POST ${WRITE}`]: offline });
  await outbox.perform({ t: 'comment', slug: 'every-block', parent: null, text: 'Too late.' });
  serve({ ...answers, [`POST ${WRITE}`]: () => refusal(403, 'forbidden', 'Comments are closed.') });
  await outbox.drain();
  await openComments();
  await screen.findByText(strings.talk.parked('Comments are closed.'));
  fireEvent.press(screen.getByRole('button', { name: strings.talk.takeBack }));
  await waitFor(() => expect(field().props.value).toBe('Too late.'));
  await waitFor(() => expect(outbox.entries.get()).toEqual([]));
});

test('a text that the outbox already has is not offered to be sent again', async () => {
  serve({ ...answers, 'POST /posts/other/comments': offline });
  await outbox.perform({ t: 'comment', slug: 'other', parent: null, text: 'Half way.' });
  await AsyncStorage.setItem(`blogen.unsent.https://blog.example|${me.id}.comment:other:`, 'Half way.');
  answers['GET /posts/other/comments'] = { items: [], next: null };
  serve({ ...answers, 'POST /posts/other/comments': offline });
  open('/post/other/comments', { 'post/[slug]/comments': CommentsScreen, 'post/[slug]': () => null });
  await screen.findByText(strings.talk.waits);
  await waitFor(() => expect(field().props.editable).toBe(true));
  expect(field().props.value).toBe('');
});

test('a link to an answer reads pages until it is there, and marks it', async () => {
  const far = { ...said, id: 'far', parent: 'first' };
  const root = { ...thread, id: 'first', answers: [], next_answers: 'a1' };
  const asked = serve({
    ...answers,
    'GET /comments/far': { ...far, answers: [], next_answers: null },
    [`GET ${WRITE}`]: ({ path }: { path: string }) => (path.includes('cursor=p2') ? { items: [root], next: null } : { ...comments, next: 'p2' }),
    'GET /comments/first/answers': ({ path }: { path: string }) =>
      path.includes('cursor=a2') ? { items: [far], next: null } : { items: [{ ...said, id: 'near', parent: 'first' }], next: 'a2' },
  });
  await openComments(`${HERE}?comment=far`);
  await screen.findByTestId('comment-far');
  expect(screen.getAllByText(strings.talk.marked)).toHaveLength(1);
  expect(only(asked, 'GET', '/comments/first/answers')).toHaveLength(2);
});

test('a link to a comment that is gone says so', async () => {
  serve(answers);
  await openComments(`${HERE}?comment=nowhere`);
  await screen.findByText(strings.talk.notFound);
});

test('stubs keep their place without a writer; a held comment tells its writer why', async () => {
  const stub = { ...thread, id: 'stub', state: 'deleted', author: null, html: '', blocks: [], markdown: null, answers: [] };
  const held = { ...thread, id: 'held', state: 'held', answers: [] };
  serve({ ...answers, [`GET ${WRITE}`]: { items: [thread, stub, held], next: null } });
  await openComments();
  expect(screen.getByText(strings.talk.stubs.deleted)).toBeTruthy();
  expect(screen.getByText(strings.talk.held)).toBeTruthy();
});

test('a change is made against what was seen, and its text stays when somebody was quicker', async () => {
  const mine = { ...thread, viewer: { is_mine: true, may_edit: true, edit_until: '2999-01-01T00:00:00.000Z' } };
  let tag = '"1"';
  const seen = () => new Response(JSON.stringify(mine), { headers: { 'Content-Type': 'application/json', ETag: tag } });
  const asked = serve({
    ...answers,
    [`GET ${WRITE}`]: { items: [mine], next: null },
    [`GET /comments/${mine.id}`]: seen,
    [`PATCH /comments/${mine.id}`]: ({ headers }: { headers: Headers }) =>
      headers.get('If-Match') === '"2"' ? mine : refusal(412, 'changed-meanwhile', 'It has changed.'),
  });
  await openComments();
  fireEvent.press(screen.getByRole('button', { name: strings.talk.more('ann') }));
  fireEvent.press(screen.getByText(strings.talk.edit));
  const area = await screen.findByDisplayValue(mine.markdown);
  fireEvent.changeText(area, 'Better *said*.');
  tag = '"2"';
  fireEvent.press(screen.getByRole('button', { name: strings.talk.save }));
  await screen.findByText(strings.talk.lookAgain);
  expect(screen.getByDisplayValue('Better *said*.')).toBeTruthy();
  await waitFor(() => expect(only(asked, 'GET', `/comments/${mine.id}`)).toHaveLength(2));
  await waitFor(() => expect(screen.getByRole('button', { name: strings.talk.save }).props['aria-disabled'] ?? false).toBe(false));
  fireEvent.press(screen.getByRole('button', { name: strings.talk.save }));
  await waitFor(() => expect(screen.queryByDisplayValue('Better *said*.')).toBeNull());
  expect(only(asked, 'PATCH', `/comments/${mine.id}`).map(({ body }) => body)).toEqual([{ text: 'Better *said*.' }, { text: 'Better *said*.' }]);
});

test('a report needs a reason, which is kept when it cannot be sent', async () => {
  const report = `POST /comments/${said.id}/report`;
  const asked = serve({ ...answers, [report]: offline });
  await openComments();
  fireEvent.press(screen.getByRole('button', { name: strings.talk.more('Bob') }));
  fireEvent.press(screen.getByText(strings.talk.report));
  const why = await screen.findByLabelText(strings.talk.reportWhy);
  await waitFor(() => expect(why.props.editable).toBe(true));
  fireEvent.changeText(why, 'It is spam.');
  fireEvent.press(screen.getByRole('button', { name: strings.talk.reportSend }));
  await screen.findByText(new RegExp(strings.trouble.offline.title));
  expect(screen.getByDisplayValue('It is spam.')).toBeTruthy();
  expect(only(asked, 'POST', `/comments/${said.id}/report`)[0]?.body).toEqual({ note: 'It is spam.' });
});

test('muting asks first, and is sent for that writer', async () => {
  const asked = serve({ ...answers, 'PUT /people/bob/mute': answer(null, 204) });
  await openComments();
  fireEvent.press(screen.getByRole('button', { name: strings.talk.more('Bob') }));
  fireEvent.press(screen.getByText(strings.talk.mute('Bob')));
  expect(only(asked, 'PUT', '/people/bob/mute')).toEqual([]);
  fireEvent.press(screen.getByRole('button', { name: strings.talk.mute('Bob') }));
  await waitFor(() => expect(only(asked, 'PUT', '/people/bob/mute')).toHaveLength(1));
});

test('a post that was deleted meanwhile has a sentence and a way on', async () => {
  serve({});
  open(HERE, { 'post/[slug]/comments': CommentsScreen, 'post/[slug]': () => null });
  await screen.findByText(strings.talk.gone);
  expect(screen.getByRole('button', { name: strings.back })).toBeTruthy();
});

test('who is signed out reads, and is led to the sign-in', async () => {
  await act(() => begin(null));
  serve(answers);
  await openComments();
  expect(screen.queryByLabelText(strings.talk.write)).toBeNull();
  fireEvent.press(screen.getByRole('button', { name: strings.talk.signIn }));
  expect(pathname()).toBe('/sign-in');
});
