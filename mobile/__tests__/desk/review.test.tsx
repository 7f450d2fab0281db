import { act, fireEvent, screen, waitFor } from '@testing-library/react-native';

import draft from '../../__fixtures__/draft.json';
import reviewed from '../../__fixtures__/job_in_review.json';
import published from '../../__fixtures__/job_published.json';
import moved from '../../__fixtures__/problem_moved_meanwhile.json';
import steps from '../../__fixtures__/steps.json';
import timeline from '../../__fixtures__/timeline.json';

import Review from '@/app/job/[id]/review';
import { outbox } from '@/state/outbox';
import { strings } from '@/strings';

import { answer, begin, offline, only, open, serve, type Answers } from '../talk/stage';
import { author } from './people';

const words = strings.draft;
const at = `/jobs/${reviewed.id}`;
const editing = { ...reviewed, state: 'editing', waiting: null };
const conflict = () => new Response(JSON.stringify(moved), { status: 409, headers: { 'Content-Type': 'application/problem+json' } });
let answers: Answers;

beforeEach(async () => {
  await begin(author);
  answers = { [`GET ${at}`]: reviewed, [`GET ${at}/draft`]: draft, [`GET ${at}/steps`]: steps, [`GET ${at}/timeline`]: timeline };
});

const press = (name: string) => fireEvent.press(screen.getByRole('button', { name }));
const note = () => screen.getByLabelText(words.note);

async function openReview() {
  const shown = open(`/job/${reviewed.id}/review`, { 'job/[id]/review': Review, 'job/[id]/index': () => null, 'post/[slug]': () => null });
  await waitFor(() => expect(note().props.editable).toBe(true));
  return shown;
}

test('a paragraph is struck and the draft sent back with a note, about the draft that was seen', async () => {
  const asked = serve({ ...answers, [`POST ${at}/revise`]: answer(editing, 202) });
  await openReview();
  press(words.strikeSays(2));
  expect(await screen.findByText(words.struck(1))).toBeTruthy();
  fireEvent.changeText(note(), ' Begin with the example. ');
  act(() => {
    press(words.revise);
    press(words.revise); // before the button is drawn anew
  });
  await waitFor(() => expect(only(asked, 'POST', `${at}/revise`)).toHaveLength(1));
  const sent = only(asked, 'POST', `${at}/revise`)[0];
  expect(sent?.body).toEqual({ note: 'Begin with the example.', strike: [draft.blocks[1]?.id], revision: draft.revision });
  expect(sent?.headers.get('Idempotency-Key')).toBeTruthy();
  expect(await screen.findByText(words.over)).toBeTruthy(); // it is being edited again
});

test('strikes and note are kept until they are sent; a strike is taken back', async () => {
  serve(answers);
  const first = await openReview();
  press(words.strikeSays(1));
  press(words.strikeSays(2));
  press(words.unstrikeSays(1));
  fireEvent.changeText(note(), 'Shorter.');
  first.unmount();
  await openReview();
  expect(note().props.value).toBe('Shorter.');
  expect(screen.getByText(words.struck(1))).toBeTruthy();
  expect(screen.getByRole('button', { name: words.unstrikeSays(2) })).toBeTruthy();
});

test('a yes said offline waits, is shown as waiting, and is delivered once', async () => {
  answers[`POST ${at}/approve`] = offline;
  const asked = serve(answers);
  await openReview();
  fireEvent.changeText(note(), 'Good.');
  press(words.approve);
  expect((await screen.findAllByText(words.waits.approve)).length).toBeGreaterThan(0);
  expect(screen.queryByRole('button', { name: words.reject })).toBeNull(); // one decision at a time

  answers[`POST ${at}/approve`] = () => {
    answers[`GET ${at}`] = published;
    return answer(published);
  };
  await act(async () => {
    await Promise.all([outbox.drain(), outbox.drain()]);
  });
  expect(await screen.findByText(strings.job.readPost)).toBeTruthy();
  const sent = only(asked, 'POST', `${at}/approve`);
  expect(sent.map(({ body }) => body)).toEqual([{ note: 'Good.' }, { note: 'Good.' }]); // the one that was lost, and the one that arrived
  expect(new Set(sent.map(({ headers }) => headers.get('Idempotency-Key'))).size).toBe(1);
  expect(outbox.entries.get()).toEqual([]);
});

test('a decision that waits is taken back, with its note', async () => {
  serve({ ...answers, [`POST ${at}/approve`]: offline });
  await openReview();
  fireEvent.changeText(note(), 'Good.');
  press(words.approve);
  await screen.findByText(words.takeBack);
  press(words.takeBack);
  await waitFor(() => expect(note().props.value).toBe('Good.'));
  expect(outbox.entries.get()).toEqual([]);
});

test('if the job has moved meanwhile, it is said, and the note is kept', async () => {
  answers[`POST ${at}/revise`] = () => {
    answers[`GET ${at}`] = published;
    return conflict();
  };
  serve(answers);
  await openReview();
  fireEvent.changeText(note(), 'Begin with the example.');
  press(words.revise);
  expect(await screen.findByText(words.over)).toBeTruthy();
  expect(screen.getByText(strings.job.states.published)).toBeTruthy();
  expect(screen.getByText('“Begin with the example.”')).toBeTruthy();
  expect(screen.getByText(words.noteKept)).toBeTruthy();
});

test('a decision that is refused when it arrives later says what the job did, and keeps its note', async () => {
  answers[`POST ${at}/reject`] = offline;
  serve(answers);
  const first = await openReview();
  fireEvent.changeText(note(), 'Too dry.');
  press(words.reject);
  press(words.rejectSure);
  await screen.findAllByText(words.waits.reject);
  first.unmount();

  answers[`POST ${at}/reject`] = conflict;
  answers[`GET ${at}`] = { ...published, id: reviewed.id };
  await outbox.drain();
  open(`/job/${reviewed.id}/review`, { 'job/[id]/review': Review });
  expect(await screen.findByText(words.refused.reject)).toBeTruthy();
  expect(screen.getByText(/does not wait for a review/)).toBeTruthy();
  expect(screen.getByText(strings.job.nowIs(strings.job.states.published))).toBeTruthy();
  expect(screen.getByText('“Too dry.”')).toBeTruthy();
  press(words.drop);
  await waitFor(() => expect(screen.queryByText('“Too dry.”')).toBeNull());
});

test('a yes over strikes that were not sent asks once more', async () => {
  const asked = serve({ ...answers, [`POST ${at}/approve`]: published });
  await openReview();
  press(words.strikeSays(1));
  press(words.approve);
  expect(await screen.findByText(words.approveSure(1))).toBeTruthy();
  expect(only(asked, 'POST', `${at}/approve`)).toEqual([]);
  press(words.approve);
  await waitFor(() => expect(only(asked, 'POST', `${at}/approve`)).toHaveLength(1));
});

test('a note that no model can follow is refused beside its field', async () => {
  const refused = () =>
    new Response(JSON.stringify({ code: 'invalid-input', detail: '…', errors: [{ path: 'note', message: 'needs a language model' }] }), {
      status: 422,
      headers: { 'Content-Type': 'application/problem+json' },
    });
  serve({ ...answers, [`POST ${at}/revise`]: refused });
  await openReview();
  fireEvent.changeText(note(), 'Begin with the example.');
  press(words.revise);
  expect(await screen.findByText('Needs a language model.')).toBeTruthy();
  expect(note().props.value).toBe('Begin with the example.');
});
