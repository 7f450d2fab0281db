import { fireEvent, screen, waitFor } from '@testing-library/react-native';
import { useRouter } from 'expo-router';
import { Pressable, Text } from 'react-native';

import wrong from '../../__fixtures__/problem_wrong_password.json';
import invalid from '../../__fixtures__/problem_invalid.json';
import site from '../../__fixtures__/site.json';
import signedIn from '../../__fixtures__/signed_in.json';

import PairScreen from '@/app/pair';
import RegisterScreen from '@/app/register';
import SignInScreen from '@/app/sign-in';
import { getSession } from '@/state/session';
import { strings } from '@/strings';

import { answer, begin, offline, only, open, refusal, serve, type Answers } from '../talk/stage';

jest.mock('expo-secure-store', () => ({ getItemAsync: async () => null, setItemAsync: async () => {}, deleteItemAsync: async () => {} }));

const words = strings.entry;
let answers: Answers;

beforeEach(async () => {
  await begin(null);
  answers = { 'GET /site': site, 'POST /auth/login': signedIn, 'POST /auth/register': signedIn, 'POST /auth/pair': signedIn };
});

function Post() {
  const router = useRouter();
  return (
    <Pressable role="button" onPress={() => router.push({ pathname: '/sign-in', params: { next: '/post/tea' } } as never)}>
      <Text>enter</Text>
    </Pressable>
  );
}

const routes = { 'sign-in': SignInScreen, register: RegisterScreen, pair: PairScreen, 'post/[slug]': Post, you: () => null };
const type = (label: string, text: string): void => fireEvent.changeText(screen.getByLabelText(label), text);
const press = (label: string): void => fireEvent.press(screen.getByRole('button', { name: label }));
const problem = (body: { status: number }): Response => answer(body, body.status);

async function signIn(): Promise<void> {
  type(words.name, 'Ann');
  type(words.password, 'correct horse battery');
  press(words.signIn);
}

test('one signs in and is back where one came from', async () => {
  const asked = serve(answers);
  const app = open('/post/tea', routes);
  press('enter');
  await screen.findByLabelText(words.name);
  await signIn();
  await waitFor(() => expect(app.getPathname()).toBe('/post/tea'));
  expect(getSession().person?.handle).toBe(signedIn.person.handle);
  expect(only(asked, 'POST', '/auth/login')[0]?.body).toMatchObject({ handle: 'ann', password: 'correct horse battery' });
});

test('an e-mail address signs in, too; nothing is sent before both are there', async () => {
  const asked = serve(answers);
  open('/sign-in', routes);
  type(words.name, 'ann@example.com');
  press(words.signIn);
  expect(await screen.findByText(words.missing)).toBeTruthy();
  expect(only(asked, 'POST', '/auth/login')).toEqual([]);
  type(words.password, 'correct horse battery');
  press(words.signIn);
  await waitFor(() => expect(only(asked, 'POST', '/auth/login')[0]?.body).toMatchObject({ email: 'ann@example.com' }));
});

test.each([
  ['a wrong password', () => problem(wrong), strings.trouble['wrong-password'].title],
  ['no network', offline, strings.trouble.offline.title],
])('%s is told, and what was typed stays', async (_name, server, title) => {
  serve({ ...answers, 'POST /auth/login': server });
  open('/sign-in', routes);
  await signIn();
  expect(await screen.findByText(title)).toBeTruthy();
  expect(screen.getByLabelText(words.name).props.value).toBe('Ann');
  expect(screen.getByLabelText(words.password).props.value).toBe('correct horse battery');
  expect(getSession().person).toBeNull();
});

test('after too many attempts it says how long to wait', async () => {
  const tooMany = (): Response =>
    new Response(JSON.stringify({ code: 'too-many-attempts', detail: 'Ten wrong passwords.' }), {
      status: 429,
      headers: { 'Content-Type': 'application/problem+json', 'Retry-After': '90' },
    });
  serve({ ...answers, 'POST /auth/login': tooMany });
  open('/sign-in', routes);
  await signIn();
  expect(await screen.findByText(`Ten wrong passwords. ${strings.waitSeconds(90)}`)).toBeTruthy();
});

test('where all may register, each refusal stands beside its field', async () => {
  serve({ ...answers, 'POST /auth/register': () => problem(invalid) });
  open('/register', routes);
  await screen.findByLabelText(words.handle);
  expect(screen.queryByLabelText(words.invitation)).toBeNull();
  type(words.handle, '!');
  type(words.password, 'short');
  press(words.register);
  expect(await screen.findByText('Must have at least 8 characters, found 5.')).toBeTruthy();
  expect(screen.getByText("Has not the right form, found '!'.")).toBeTruthy();
  expect(screen.getByLabelText(words.handle).props.value).toBe('!');
});

test('where one needs an invitation, it is asked for and sent', async () => {
  const asked = serve({ ...answers, 'GET /site': { ...site, sign_up: 'invite' } });
  open('/register?invitation=abc', routes);
  await screen.findByLabelText(words.invitation);
  type(words.handle, 'ann');
  type(words.password, 'correct horse battery');
  press(words.register);
  await waitFor(() => expect(only(asked, 'POST', '/auth/register')[0]?.body).toMatchObject({ handle: 'ann', invitation: 'abc' }));
});

test('where nobody may register, it says so and leads on', async () => {
  serve({ ...answers, 'GET /site': { ...site, sign_up: 'closed' } });
  open('/register', routes);
  expect(await screen.findByText(words.closed)).toBeTruthy();
  expect(screen.queryByLabelText(words.handle)).toBeNull();
  expect(screen.getByText(words.signIn)).toBeTruthy();
});

test('a code that is no good is told beside it', async () => {
  serve({ ...answers, 'POST /auth/pair': () => refusal(401, 'not-signed-in', 'unknown') });
  open('/pair', routes);
  type(words.code, '7K3M-Q0XP');
  press(words.signIn);
  expect(await screen.findByText(strings.connect.refusals.code)).toBeTruthy();
  expect(screen.getByLabelText(words.code).props.value).toBe('7K3M-Q0XP');
});
