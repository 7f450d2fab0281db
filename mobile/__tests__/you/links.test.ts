import { pairLink, routeOf, safeNext } from '@/lib/deepLinks';

const BLOG = 'https://blog.example';

test.each([
  ['blogen://post/tea', '/post/tea'],
  ['blogen://p/tea', '/post/tea'],
  ['blogen:///', '/'],
  ['https://blog.example/p/tea', '/post/tea'],
  ['https://BLOG.example/p/tea?utm=1#x', '/post/tea'],
  ['https://blog.example/app/post/tea', '/post/tea'],
  ['https://blog.example/app/', '/'],
  ['https://blog.example/app/desk?title=A&url=https%3A%2F%2Fb', '/desk?title=A&url=https%3A%2F%2Fb'],
  ['https://blog.example/authors/blogen', '/author/blogen'],
  ['https://blog.example/tags/sea', '/tag/sea'],
  ['https://blog.example/me', '/you'],
  ['/login', '/sign-in'],
  ['javascript://alert', '/'],
])('%s opens %s', (link, route) => {
  expect(routeOf(link, BLOG)).toBe(route);
});

test('a link to another blog asks whether to connect it, and nothing of this one goes there', () => {
  expect(routeOf('https://other.example/p/tea', BLOG)).toBe('/connect?server=https%3A%2F%2Fother.example');
  expect(routeOf('https://blog.example/p/tea', '')).toBe('/connect?server=https%3A%2F%2Fblog.example');
});

test('what the square code holds fills in the connection', () => {
  const route = routeOf(pairLink('https://blog.example:8443', '7K3M-Q0XP'), '');
  expect(Object.fromEntries(new URLSearchParams(route.split('?')[1]))).toEqual({ server: 'https://blog.example:8443', code: '7K3M-Q0XP' });
});

test.each([['//evil.example'], ['https://evil.example'], ['/\\evil.example'], ['javascript:alert(1)'], [undefined], ['/a b']])(
  'signing in never goes on to %s',
  (next) => {
    expect(safeNext(next)).toBeNull();
  },
);
