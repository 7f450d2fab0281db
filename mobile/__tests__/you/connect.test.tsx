import AsyncStorage from '@react-native-async-storage/async-storage';
import { fireEvent, screen, waitFor } from '@testing-library/react-native';

import site from '../../__fixtures__/site.json';
import signedIn from '../../__fixtures__/signed_in.json';

import ConnectScreen from '@/app/connect';
import { connection } from '@/api/client';
import { getSession } from '@/state/session';
import { strings } from '@/strings';

import { answer, begin, open, refusal } from '../talk/stage';

jest.mock('expo-secure-store', () => ({ getItemAsync: async () => null, setItemAsync: async () => {}, deleteItemAsync: async () => {} }));

const says = strings.connect.refusals;
const page = (): Response => new Response('<html>', { status: 200, headers: { 'Content-Type': 'text/html' } });
const fails = (words: string) => (): never => {
  throw new TypeError(words);
};

beforeEach(async () => {
  await begin(null);
  connection.origin = '';
});

function openConnect(url = '/connect') {
  return open(url, { connect: ConnectScreen, index: () => null });
}

test.each([
  ['blog.exmple', fails('Unable to resolve host "blog.exmple"'), says.unknownHost],
  ['blog.example', fails('Network request failed'), says.unreachable],
  ['http://blog.example', fails('CLEARTEXT communication not permitted'), says.plainHttp],
  ['blog.example', fails('SSLHandshakeException: Trust anchor for certification path not found'), says.tls],
  ['blog.example', page, says.page],
  ['blog.example', () => answer({ name: 'other', api: 1 }), says.notBlogen],
  ['blog.example', () => answer(null), says.notBlogen],
  ['blog.example', () => refusal(401, '', ''), says.notBlogen],
  ['blog.example', () => answer({ ...site, api: 0 }), says.oldServer],
  ['???', page, says.noAddress],
])('%s: %#', async (address, server, words) => {
  globalThis.fetch = async () => server();
  openConnect();
  fireEvent.changeText(screen.getByLabelText(strings.connect.address), address);
  fireEvent.press(screen.getByRole('button', { name: strings.connect.test }));
  expect(await screen.findByText(words)).toBeTruthy();
  expect(screen.getByLabelText(strings.connect.address).props.value).toBe(address);
  expect(connection.origin).toBe('');
});

test('a test that succeeds names the blog, and saves nothing', async () => {
  globalThis.fetch = async () => answer(site);
  openConnect();
  fireEvent.changeText(screen.getByLabelText(strings.connect.address), 'blog.example');
  fireEvent.press(screen.getByRole('button', { name: strings.connect.test }));
  expect(await screen.findByText(strings.connect.found(site.title, site.version))).toBeTruthy();
  expect(connection.origin).toBe('');
});

test('a link fills in address and code; a wrong code is told beside it and connects nothing', async () => {
  globalThis.fetch = async (url) => (String(url).endsWith('/site') ? answer(site) : refusal(401, 'not-signed-in', 'The code is unknown.'));
  openConnect('/connect?server=https%3A%2F%2Fblog.example&code=7K3M-Q0XP');
  expect(screen.getByLabelText(strings.connect.address).props.value).toBe('https://blog.example');
  fireEvent.press(screen.getByRole('button', { name: strings.connect.go }));
  expect(await screen.findByText(says.code)).toBeTruthy();
  expect(screen.getByLabelText(strings.connect.code).props.value).toBe('7K3M-Q0XP');
  expect(connection.origin).toBe('');
});

test('with a good code one is connected and signed in at once', async () => {
  globalThis.fetch = async (url) => answer(String(url).endsWith('/site') ? site : signedIn);
  const app = openConnect('/connect?server=blog.example&code=7K3M-Q0XP');
  fireEvent.press(screen.getByRole('button', { name: strings.connect.go }));
  await waitFor(() => expect(app.getPathname()).toBe('/'));
  expect(getSession()).toMatchObject({ phase: 'ready', origin: 'https://blog.example', person: { handle: signedIn.person.handle } });
  expect(JSON.parse((await AsyncStorage.getItem('blogen.session')) ?? '{}')).toMatchObject({ origin: 'https://blog.example' });
});
