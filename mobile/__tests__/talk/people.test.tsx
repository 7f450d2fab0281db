import { fireEvent, screen, waitFor } from '@testing-library/react-native';

import author from '../../__fixtures__/author.json';
import posts from '../../__fixtures__/posts.json';
import tags from '../../__fixtures__/tags.json';

import AuthorScreen from '@/app/author/[handle]';
import TagScreen from '@/app/tag/[tag]';
import { strings } from '@/strings';

import { answer, begin, offline, only, open, refusal, serve } from './stage';

const item = posts.items[0]!;
const second = { ...item, slug: 'second', title: 'The second page' };
const paged = ({ path }: { path: string }) => (path.includes('cursor=p2') ? { items: [second], next: null } : { items: [item], next: 'p2' });
const routes = { 'author/[handle]': AuthorScreen, 'tag/[tag]': TagScreen, 'post/[slug]': () => null };

beforeEach(() => begin());

test('an author stands above their posts, which come by the page', async () => {
  const asked = serve({ 'GET /authors/blogen': author, 'GET /posts': paged });
  open('/author/blogen', routes);
  await screen.findByText(author.bio);
  fireEvent(await screen.findByText(item.title), 'endReached');
  await screen.findByText(second.title);
  expect(only(asked, 'GET', '/posts').every(({ path }) => path.includes('author=blogen'))).toBe(true);
});

test('a follow is taken back by the blog’s refusal, and says so', async () => {
  serve({ 'GET /authors/blogen': author, 'GET /posts': posts, 'DELETE /authors/blogen/follow': () => refusal(403, 'forbidden', 'Not now.') });
  open('/author/blogen', routes);
  fireEvent.press(await screen.findByRole('button', { name: `${strings.follows.following}: ${author.name}` }));
  await screen.findByText(new RegExp(strings.follows.notUnfollowed(author.name)));
  await waitFor(() => expect(screen.getByRole('button', { name: `${strings.follows.following}: ${author.name}` })).toBeTruthy());
});

test('a tag says how many posts it has, and is followed', async () => {
  const asked = serve({ 'GET /tags': tags, 'GET /posts': posts, 'PUT /tags/tea/follow': answer({ tag: 'tea', followers: 1, viewer: { following: true } }) });
  open('/tag/tea', routes);
  await screen.findByText(/2 posts/);
  fireEvent.press(screen.getByRole('button', { name: strings.follows.followOf('tea') }));
  await waitFor(() => expect(only(asked, 'PUT', '/tags/tea/follow')).toHaveLength(1));
});

test('a tag is looked for on all pages of tags', async () => {
  const rare = { tag: 'rare', posts: 1, followers: 7, viewer: { following: true } };
  serve({ 'GET /posts': posts, 'GET /tags': ({ path }: { path: string }) => (path.includes('cursor=t2') ? { items: [rare], next: null } : { ...tags, next: 't2' }) });
  open('/tag/rare', routes);
  await screen.findByText(/7 followers/);
});

test('what cannot be read has its sentence: no such author, no network', async () => {
  serve({});
  open('/author/nobody', routes);
  await screen.findByText(strings.trouble.gone.title);
  screen.unmount();
  serve({ 'GET /posts': offline, 'GET /tags': offline });
  open('/tag/tea', routes);
  await screen.findByText(strings.trouble.offline.title);
});
