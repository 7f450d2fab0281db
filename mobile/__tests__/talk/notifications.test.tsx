import { fireEvent, screen, waitFor } from '@testing-library/react-native';

import told from '../../__fixtures__/notifications.json';

import NotificationsScreen from '@/app/notifications';
import { Bell } from '@/components/Bell';
import { placeOf, wordsOfNotification } from '@/lib/told';
import type { Notification } from '@/api/queries/notifications';
import { strings } from '@/strings';

import { begin, offline, only, open, pathname, serve } from './stage';

const one = told.items[0] as Notification;
const routes = { notifications: NotificationsScreen, index: Bell, 'post/[slug]/comments': () => null, 'post/[slug]': () => null };

beforeEach(() => begin());

test('an answer is told, marked as read, and opens at its comment', async () => {
  const asked = serve({ 'GET /me/notifications': told, 'PUT /me/notifications/read': { unread: 0 } });
  const { getSearchParams } = open('/notifications', routes);
  fireEvent.press(await screen.findByText(strings.notifications.reply('Bob', 'Every block')));
  expect(pathname()).toBe('/post/every-block/comments');
  expect(getSearchParams()).toMatchObject({ comment: one.comment?.id });
  await waitFor(() => expect(only(asked, 'PUT', '/me/notifications/read')[0]?.body).toEqual({ ids: [one.id] }));
});

test('all are read until the latest', async () => {
  const asked = serve({ 'GET /me/notifications': told, 'PUT /me/notifications/read': { unread: 0 } });
  open('/notifications', routes);
  fireEvent.press(await screen.findByRole('button', { name: strings.notifications.readAll }));
  await waitFor(() => expect(only(asked, 'PUT', '/me/notifications/read')[0]?.body).toEqual({ until: one.id }));
});

test.each([
  ['mention', {}, strings.notifications.mention('Bob', 'Every block')],
  ['post', { author: 'blogen' }, strings.notifications.post('blogen', 'Every block')],
  ['post', { tag: 'tea' }, strings.notifications.post('tea', 'Every block')],
  ['correction', { text: 'Not 70, but 80.' }, strings.notifications.correction('Every block')],
  ['moderation', { action: 'approve' }, strings.notifications.approve('Every block')],
  ['moderation', { action: 'close-report', outcome: 'Removed.' }, strings.notifications.closeReport],
  ['moderation', { action: 7 }, strings.notifications.moderation],
  ['of-a-later-version', {}, 'Every block'],
])('%s %j has its sentence', (kind, detail, words) => {
  expect(wordsOfNotification({ ...one, kind, detail } as Notification)).toBe(words);
});

test('what it tells of may be gone', () => {
  expect(placeOf({ ...one, post: null })).toBeNull();
  expect(wordsOfNotification({ ...one, post: null, by: null })).toBe(
    strings.notifications.reply(strings.notifications.somebody, strings.notifications.goneTitle),
  );
});

test('nothing new, no network and nobody signed in each have their sentence', async () => {
  serve({ 'GET /me/notifications': { items: [], next: null, unread: 0 } });
  open('/notifications', routes);
  await screen.findByText(strings.notifications.emptyBody);
  screen.unmount();
  serve({ 'GET /me/notifications': offline });
  open('/notifications', routes);
  await screen.findByText(strings.trouble.offline.title);
  screen.unmount();
  await begin(null);
  open('/notifications', routes);
  expect(screen.getByText(strings.notifications.signedOut)).toBeTruthy();
});

test('the bell tells how many are unread, and leads there', async () => {
  serve({ 'GET /me/notifications': { ...told, unread: 120 } });
  open('/', routes);
  fireEvent.press(await screen.findByRole('button', { name: strings.notifications.open(120) }));
  expect(pathname()).toBe('/notifications');
});
