/** The root layout's gate: a native app that knows no blog yet has one place to be. */
import AsyncStorage from '@react-native-async-storage/async-storage';
import { screen, waitFor } from '@testing-library/react-native';
import { renderRouter } from 'expo-router/testing-library';
import { Text } from 'react-native';

import site from '../../__fixtures__/site.json';

import RootLayout from '@/app/_layout';
import ConnectScreen from '@/app/connect';
import { getSession } from '@/state/session';
import { strings } from '@/strings';

import { serve } from '../talk/stage';

jest.mock('expo-secure-store', () => ({ getItemAsync: async () => null, setItemAsync: async () => {}, deleteItemAsync: async () => {} }));

const post = () => <Text>the post</Text>;
const routes = { _layout: RootLayout, '(tabs)/index': () => <Text>the feed</Text>, 'post/[slug]': post, connect: ConnectScreen };
const open = (initialUrl: string) => renderRouter(routes, { initialUrl });

beforeEach(() => AsyncStorage.clear());

test.each(['/', '/post/tea'])('an unconnected app that is opened at %s leads to the connection, and asks nobody', async (url) => {
  const asked = serve({});
  const app = open(url);
  expect(await screen.findByText(strings.connect.title)).toBeTruthy();
  expect(app.getPathname()).toBe('/connect');
  expect(screen.queryByText(/^the (post|feed)$/)).toBeNull();
  expect(asked).toEqual([]);
});

test('a connected app opens what the link says', async () => {
  await AsyncStorage.setItem('blogen.session', JSON.stringify({ origin: 'https://blog.example', title: 'Tea', person: null }));
  serve({ 'GET /site': site });
  const app = open('/post/tea');
  expect(await screen.findByText('the post')).toBeTruthy();
  expect(app.getPathname()).toBe('/post/tea');
  await waitFor(() => expect(getSession().phase).toBe('ready'));
});
