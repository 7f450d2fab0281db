import AsyncStorage from '@react-native-async-storage/async-storage';
import { fireEvent, screen, waitFor } from '@testing-library/react-native';

import me from '../../__fixtures__/me.json';

import You from '@/app/(tabs)/you';
import OutboxScreen from '@/app/settings/outbox';
import { startFarewell } from '@/state/farewell';
import { startOffline } from '@/state/offline';
import { outbox } from '@/state/outbox';
import { getSession, identityOf } from '@/state/session';
import { strings } from '@/strings';

import { answer, begin, offline, open, refusal, serve, type Answers } from '../talk/stage';

const words = strings.you;
const OTHER = 'https://other.example|bob';
let answers: Answers;
let stops: (() => void)[] = [];

beforeEach(async () => {
  await begin();
  answers = { 'GET /me/notifications': { items: [], next: null, unread: 0 }, 'POST /auth/logout': () => answer(null, 204) };
  stops = [startOffline(), startFarewell()];
});

afterEach(() => {
  for (const stop of stops) stop();
});

test('signing out warns of what was not sent, then removes all that is the person’s and nothing else', async () => {
  const identity = identityOf(getSession());
  const mine = { [`blogen.cache.${identity}`]: 'private', 'blogen.places': '{}', [`blogen.unsent.${identity}.comment:tea`]: 'typed' };
  const others = { [`blogen.outbox.${OTHER}`]: '[]', 'blogen.prefs': '{"theme":"dark"}', elsewhere: 'x' };
  await AsyncStorage.multiSet(Object.entries({ ...mine, ...others }));
  serve({ ...answers, 'POST /posts/tea/comments': offline });
  await outbox.perform({ t: 'comment', slug: 'tea', parent: null, text: 'I measured it.' });

  open('/you', { you: You, 'settings/outbox': () => null });
  expect(await screen.findByText(me.name)).toBeTruthy();
  fireEvent.press(screen.getByRole('button', { name: words.signOut }));
  expect(await screen.findByText(words.unsent(1))).toBeTruthy();
  expect(getSession().person).not.toBeNull();
  fireEvent.press(screen.getByRole('button', { name: words.signOutAnyway }));
  expect(await screen.findByText(words.signedOut)).toBeTruthy();
  await waitFor(async () => expect(await AsyncStorage.getItem('blogen.places')).toBeNull());

  const left = await AsyncStorage.getAllKeys();
  expect(left).toEqual(expect.arrayContaining(Object.keys(others)));
  expect(left.filter((name) => name.includes(identity))).toEqual([]);
});

test('the outbox shows what waits and what was refused; both can be tried again or discarded', async () => {
  let server: unknown = offline;
  serve({ ...answers, 'POST /posts/tea/comments': () => (server as () => unknown)(), 'PUT /posts/tea/like': offline });
  await outbox.perform({ t: 'comment', slug: 'tea', parent: null, text: 'I measured it.' });
  server = () => refusal(403, 'forbidden', 'Comments are closed.');
  await outbox.drain();
  await outbox.perform({ t: 'like', slug: 'tea', on: true });

  open('/outbox', { outbox: OutboxScreen });
  expect(await screen.findByText('I measured it.')).toBeTruthy();
  expect(screen.getByText(words.refused('Comments are closed.'))).toBeTruthy();
  expect(screen.getByText(words.acts.like(true))).toBeTruthy();
  server = () => answer({ id: 'c' }, 201);
  fireEvent.press(screen.getAllByRole('button', { name: strings.retry })[0]!);
  await waitFor(() => expect(screen.queryByText('I measured it.')).toBeNull());
  fireEvent.press(screen.getByRole('button', { name: words.discard }));
  expect(await screen.findByText(words.outboxEmpty)).toBeTruthy();
});
