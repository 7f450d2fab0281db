import { isKeepable, notificationOf, screenOf, surplus, wayOf } from '../../worker/rules';

const BLOG = 'https://blog.example';
const asked = (path: string, more: object = {}) => ({ method: 'GET', url: new URL(path, BLOG).href, mode: 'cors', ...more });
const navigate = { mode: 'navigate' };

test.each([
  ['/app/', navigate, 'shell'],
  ['/app/post/tea', navigate, 'shell'],
  ['/', navigate, 'none'],
  ['/p/tea', navigate, 'none'],
  ['/app/_expo/static/js/web/entry-0123.js', {}, 'asset'],
  ['/app/icon-192.png', {}, 'asset'],
  ['/media/ab/abc.webp', {}, 'picture'],
  ['/media/ab/abc.webp', { method: 'HEAD' }, 'none'],
  ['/media/ab/abc.mp3', { headers: new Headers({ Range: 'bytes=0-' }) }, 'none'],
  ['https://elsewhere.example/media/x.webp', {}, 'none'],
  ['/app/sw.js', {}, 'none'],
])('%s %j is answered by: %s', (path, more, way) => {
  expect(wayOf(asked(path, more), BLOG)).toBe(way);
});

test.each(['/api/v1/me', '/api/v1/feed?kind=for-you', '/api/v1/site', '/api/v1/me/bookmarks'])('%s is never kept', (path) => {
  for (const method of ['GET', 'POST']) expect(wayOf(asked(path, { method }), BLOG)).toBe('none');
});

test.each([
  [200, 'basic', 'public, max-age=31536000, immutable', true],
  [200, 'basic', 'private, max-age=60', false],
  [200, 'basic', 'no-store', false],
  [206, 'basic', '', false],
  [404, 'basic', '', false],
  [200, 'opaque', '', false],
])('%s %s %s may be kept: %s', (status, type, said, may) => {
  expect(isKeepable({ status, type, headers: new Headers({ 'Cache-Control': said }) })).toBe(may);
});

test('of too many pictures the oldest go', () => {
  expect(surplus(['a', 'b', 'c'], 2)).toEqual(['a']);
  expect(surplus(['a'], 2)).toEqual([]);
});

test.each([
  ['/p/tea', '/post/tea'],
  ['/p/tea#comment-1', '/post/tea/comments?comment=1'],
  ['/me', '/notifications'],
  ['//evil.example/p/tea', '/notifications'],
  ['https://evil.example', '/notifications'],
  [null, '/notifications'],
])('a notification about %s opens %s', (address, screen) => {
  expect(screenOf(address)).toBe(screen);
});

test('a push message is shown whatever it holds', () => {
  const told = notificationOf('{"title": "Ann answered you", "url": "/p/tea", "tag": "7"}');
  expect(told).toMatchObject({ title: 'Ann answered you', options: { tag: '7', data: { path: '/post/tea' } } });
  for (const broken of ['', '{', 'null', '[]', '{"title": 7}']) expect(notificationOf(broken).title).not.toBe('');
});
