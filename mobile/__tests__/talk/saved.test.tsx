import { fireEvent, screen, waitFor } from '@testing-library/react-native';

import bookmarks from '../../__fixtures__/bookmarks.json';
import me from '../../__fixtures__/me.json';
import post from '../../__fixtures__/post.json';

import { Trouble } from '@/api/trouble';
import Saved from '@/app/(tabs)/saved';
import PostScreen from '@/app/post/[slug]';
import { keptInstead, keptPost } from '@/state/kept';
import { outbox } from '@/state/outbox';
import { become, type Person } from '@/state/session';
import { strings } from '@/strings';

import { answer, begin, offline, only, open, pathname, refusal, serve, type Answers } from './stage';

jest.mock('@/lib/covers', () => ({ keepCover: jest.fn(async () => {}), dropCover: jest.fn(async () => {}) }));

const shelves = { ...bookmarks, lists: [{ name: 'Sunday', posts: 2 }] };
const standing = { counts: post.counts, viewer: { ...post.viewer, bookmarked: false } };
let answers: Answers;

beforeEach(async () => {
  await begin();
  answers = { 'GET /me/bookmarks': shelves, 'GET /posts/every-block': post, 'GET /me/history': { items: [], next: null } };
});

async function openSaved() {
  open('/saved', { saved: Saved, 'post/[slug]': PostScreen });
  await screen.findByText(post.title);
}
const press = (name: string) => fireEvent.press(screen.getByRole('button', { name }));

test('bookmarks stand by list', async () => {
  const asked = serve(answers);
  await openSaved();
  press(strings.saved.listWith('Sunday', 2));
  await waitFor(() => expect(only(asked, 'GET', '/me/bookmarks').at(-1)?.path).toContain('list=Sunday'));
  press(strings.saved.listWith(strings.saved.unlisted, 1));
  await waitFor(() => expect(only(asked, 'GET', '/me/bookmarks').at(-1)?.path).toContain('list='));
});

test('a post that is kept on the device opens without a network, and no longer once it is taken off', async () => {
  serve(answers);
  await openSaved();
  press(strings.saved.keep);
  await screen.findByRole('button', { name: `${strings.saved.kept}. ${strings.saved.unkeep}` });
  serve({ 'GET /posts/every-block': offline, 'GET /me/bookmarks': offline });
  press(strings.saved.device);
  fireEvent.press(await screen.findByText(post.title));
  await screen.findByText('A heading');
  expect(await keptPost('every-block')).toMatchObject({ slug: 'every-block' });
});

test('what is kept belongs to whoever kept it', async () => {
  serve(answers);
  await openSaved();
  press(strings.saved.keep);
  await screen.findByRole('button', { name: `${strings.saved.kept}. ${strings.saved.unkeep}` });
  await become({ ...(me as Person), id: 'another' });
  expect(await keptPost('every-block')).toBeNull();
});

test('a post that was deleted is not answered with the kept one', async () => {
  serve(answers);
  await openSaved();
  press(strings.saved.keep);
  await screen.findByRole('button', { name: `${strings.saved.kept}. ${strings.saved.unkeep}` });
  const asked = serve({ ...answers, 'GET /posts/every-block': () => refusal(404, 'not-found', 'There is no such post.') });
  press(strings.saved.device);
  fireEvent.press(await screen.findByText(post.title));
  await waitFor(() => expect(only(asked, 'GET', '/posts/every-block')).toHaveLength(1));
  expect(screen.queryByText('A heading')).toBeNull();
  await expect(keptInstead('every-block', new Trouble('gone'))).rejects.toMatchObject({ kind: 'gone' });
});

test('a bookmark moves to another list, and is removed, through the outbox', async () => {
  const asked = serve({ ...answers, 'PUT /posts/every-block/bookmark': answer(standing), 'DELETE /posts/every-block/bookmark': offline });
  await openSaved();
  press(strings.saved.options(post.title));
  fireEvent.changeText(await screen.findByLabelText(strings.saved.newList), ' Tea ');
  press(strings.saved.move);
  await waitFor(() => expect(only(asked, 'PUT', '/posts/every-block/bookmark').map(({ body }) => body)).toEqual([{ list: 'Tea' }]));
  press(strings.saved.options(post.title));
  fireEvent.press(await screen.findByText(strings.saved.remove));
  await waitFor(() => expect(outbox.entries.get()).toMatchObject([{ act: { t: 'bookmark', on: false } }]));
});

test('an empty shelf says how it is filled; a signed-out one leads to the sign-in', async () => {
  serve({ ...answers, 'GET /me/bookmarks': { items: [], next: null, lists: [], unlisted: 0 } });
  const { unmount } = open('/saved', { saved: Saved });
  await screen.findByText(strings.saved.emptyBody);
  press(strings.saved.history);
  await screen.findByText(strings.saved.historyEmptyBody);
  unmount();
  await begin(null);
  open('/saved', { saved: Saved });
  press(strings.follows.signIn);
  expect(pathname()).toBe('/sign-in');
});
