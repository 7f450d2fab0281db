/** What the service worker decides: pure functions, so that they can be tested. */

/** Pictures are named by their digest, so they never change; the oldest go first. */
export const MOST_PICTURES = 300;

/**
 * How a request is answered: `shell` and `asset` from what is kept, else from the network; `picture` kept once
 * seen; `none`: by the browser itself. The API is never kept here: its answers belong to whoever is signed in.
 * @param {{ method: string, url: string, mode: string, headers?: { has(name: string): boolean } }} request
 * @param {string} origin
 * @returns {'shell' | 'asset' | 'picture' | 'none'}
 */
export function wayOf(request, origin) {
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== origin || request.headers?.has('range')) return 'none';
  const isApp = url.pathname === '/app' || url.pathname.startsWith('/app/');
  if (request.mode === 'navigate') return isApp ? 'shell' : 'none';
  if (/^\/app\/(_expo|assets)\//.test(url.pathname) || /^\/app\/[^/]+\.(png|webmanifest)$/.test(url.pathname)) return 'asset';
  return url.pathname.startsWith('/media/') ? 'picture' : 'none';
}

/**
 * Whether an answer may be kept: whole, a success, and not said to be somebody's own.
 * @param {{ status: number, type: string, headers: { get(name: string): string | null } }} response
 */
export function isKeepable(response) {
  const said = response.headers.get('Cache-Control') ?? '';
  return response.status === 200 && response.type === 'basic' && !/no-store|private/i.test(said);
}

/**
 * Of names in the order in which they came, those that are too many.
 * @template T
 * @param {readonly T[]} names
 * @returns {readonly T[]}
 */
export function surplus(names, most = MOST_PICTURES) {
  return names.slice(0, Math.max(0, names.length - most));
}

/**
 * The screen of the app for an address of the blog; never one elsewhere.
 * @param {unknown} address
 */
export function screenOf(address) {
  if (typeof address !== 'string' || !address.startsWith('/') || /^\/[/\\]/.test(address)) return '/notifications';
  const [, post, comment] = /^\/p\/([^/?#]+)(?:#comment-([\w-]+))?/.exec(address) ?? [];
  if (post === undefined) return '/notifications';
  return comment === undefined ? `/post/${post}` : `/post/${post}/comments?comment=${comment}`;
}

/**
 * What a push message becomes. A browser must show something for each, also for one that cannot be read.
 * @param {string} text
 */
export function notificationOf(text) {
  /** @type {Record<string, unknown>} */
  let said = {};
  try {
    said = Object(JSON.parse(text));
  } catch {
    // shown without words of its own
  }
  const title = typeof said.title === 'string' && said.title !== '' ? said.title.slice(0, 200) : 'News from your blog';
  const tag = typeof said.tag === 'string' ? said.tag : 'blogen';
  return { title, options: { tag, icon: '/app/icon-192.png', badge: '/app/icon-192.png', data: { path: screenOf(said.url) } } };
}

/**
 * The browser's own form of a subscription's key.
 * @param {string} key base64url
 */
export function keyBytes(key) {
  const text = atob(key.replace(/-/g, '+').replace(/_/g, '/'));
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}
