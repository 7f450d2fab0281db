/** Links from outside: `blogen://…` and the blog's own addresses, as the app's routes know them. */

/** A link that signs another phone in: its camera opens it. */
export function pairLink(origin: string, code: string): string {
  return `blogen://pair?server=${encodeURIComponent(origin)}&code=${encodeURIComponent(code)}`;
}

/**
 * The route that a link opens. `origin` is the blog that is connected: a link to another blog leads to `connect`, so that no
 * address from outside is ever asked with what belongs to this one.
 */
export function routeOf(link: string, origin: string): string {
  const found = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)([^?#]*)(\?[^#]*)?/i.exec(link);
  if (found === null) return ownRoute(link.startsWith('/') ? link : `/${link}`);
  const [, scheme = '', host = '', path = '', query = ''] = found;
  if (scheme.toLowerCase() === 'blogen') return ownRoute(`/${host}${path}${query}`);
  if (!/^https?$/i.test(scheme)) return '/';
  const theirs = `${scheme}://${host}`.toLowerCase();
  return origin !== '' && theirs === origin ? ownRoute(path + query) : connectRoute(theirs, null);
}

/** Where to go on after signing in: a route of the app's own, never an address from outside. */
export function safeNext(next: unknown): string | null {
  return typeof next === 'string' && /^\/(?![/\\])[^\s\\]*$/.test(next) ? next : null;
}

function ownRoute(address: string): string {
  const [whole = '/', query = ''] = address.split('?', 2);
  const path = whole.replace(/^\/app(?=\/|$)/, '').replace(/\/+/g, '/').replace(/\/$/, '') || '/';
  const asked = new URLSearchParams(query);
  const server = asked.get('server');
  if (path === '/pair' && server !== null) return connectRoute(server, asked.get('code'));
  const [, shelf, name] = /^\/(p|authors|tags)\/([^/]+)$/.exec(path) ?? [];
  if (name !== undefined) return `/${{ p: 'post', authors: 'author', tags: 'tag' }[shelf ?? 'p']}/${name}`;
  if (path === '/login') return '/sign-in';
  if (path === '/me') return '/you';
  return query === '' ? path : `${path}?${query}`;
}

function connectRoute(server: string, code: string | null): string {
  const asked = new URLSearchParams({ server });
  if (code !== null && code !== '') asked.set('code', code);
  return `/connect?${asked.toString()}`;
}
