/** The service worker as the build puts it together, before caches, a network and windows of our own. */
const { readFileSync } = jest.requireActual<{ readFileSync(path: string, encoding: string): string }>('fs');

const BLOG = 'https://blog.example';
const FILES = ['/app/_expo/static/js/web/entry-0123456789abcdef.js'];
const source = ['rules.js', 'worker.js'].map((name) => readFileSync(`worker/${name}`, 'utf8').replace(/^export /gm, '')).join('\n');

/** Kept in the order in which it came, as the browser's. */
class FakeCache {
  readonly kept = new Map<string, Response>();
  addAll = async (files: (string | Request)[]): Promise<void> => {
    for (const file of files) this.kept.set(urlOf(file), await network(urlOf(file)));
  };
  put = async (asked: string | Request, response: Response): Promise<void> => void this.kept.set(urlOf(asked), response);
  keys = async (): Promise<string[]> => [...this.kept.keys()];
  delete = async (asked: string): Promise<boolean> => this.kept.delete(urlOf(asked));
}

interface Window {
  url: string;
  focus: jest.Mock;
  postMessage: jest.Mock;
}

type Event = Record<string, unknown>;

let stores: Map<string, FakeCache>;
let network: jest.Mock<Promise<Response>, [string, ...unknown[]]>;
let windows: Window[];
let self: { skipWaiting: jest.Mock; openWindow: jest.Mock; showNotification: jest.Mock; subscribe: jest.Mock };
let listeners: Map<string, (event: Event) => void>;

const urlOf = (asked: string | { url: string }): string => new URL(typeof asked === 'string' ? asked : asked.url, BLOG).href;
const pageOf = (url: string): Window => ({ url: BLOG + url, focus: jest.fn(), postMessage: jest.fn() });
const textOf = async (response: Response | undefined): Promise<string | undefined> => response?.text();

/** What the blog answers: as the browser gives it for an address of the same origin. */
function said(text: string, headers: Record<string, string> = {}, status = 200): Response {
  return Object.defineProperty(new Response(text, { status, headers }), 'type', { value: 'basic' });
}

function start(version: string): void {
  listeners = new Map();
  const caches = {
    open: async (name: string) => stores.get(name) ?? stores.set(name, new FakeCache()).get(name),
    match: async (asked: string | Request, { cacheName }: { cacheName: string }) => stores.get(cacheName)?.kept.get(urlOf(asked))?.clone(),
    delete: async (name: string) => stores.delete(name),
    keys: async () => [...stores.keys()],
  };
  const scope = {
    addEventListener: (name: string, listener: (event: Event) => void) => listeners.set(name, listener),
    location: { origin: BLOG },
    clients: { matchAll: async () => windows, openWindow: self.openWindow, claim: async () => {} },
    registration: { showNotification: self.showNotification, pushManager: { subscribe: self.subscribe } },
    skipWaiting: self.skipWaiting,
  };
  const asked = (request: string | { url: string }, how?: unknown): Promise<Response> => network(urlOf(request), how);
  class Asked {
    readonly url: string;
    constructor(path: string) {
      this.url = urlOf(path);
    }
  }
  new Function('self', 'caches', 'fetch', 'Request', 'VERSION', 'FILES', source)(scope, caches, asked, Asked, version, FILES);
}

/** Send an event; hands back what the page is answered with, once all that the worker asked to wait for is done. */
async function send(name: string, event: Event = {}): Promise<Response | undefined> {
  const waits: Promise<unknown>[] = [];
  let answer: Promise<Response> | undefined;
  listeners.get(name)?.({
    ...event,
    waitUntil: (work: Promise<unknown>) => waits.push(work),
    respondWith: (response: Promise<Response>) => (answer = response),
  });
  const response = await answer; // during which it may ask to wait for more
  await Promise.all(waits);
  return response;
}

const get = (path: string, mode = 'cors') => send('fetch', { request: { method: 'GET', url: urlOf(path), mode, headers: new Headers() } });

beforeEach(() => {
  stores = new Map();
  windows = [];
  network = jest.fn(async (url) => said(`fresh ${new URL(url).pathname}`));
  self = { skipWaiting: jest.fn(), openWindow: jest.fn(), showNotification: jest.fn(), subscribe: jest.fn(async () => ({ endpoint: 'https://push.example/1' })) };
  start('one');
});

test('once installed the app starts without a network, at any address of its own', async () => {
  await send('install');
  network.mockImplementation(async () => Promise.reject(new TypeError('Failed to fetch')));
  expect(await textOf(await get('/app/post/tea', 'navigate'))).toBe('fresh /app/');
  expect(await textOf(await get(FILES[0]!))).toBe(`fresh ${FILES[0]}`);
});

test('a blog that is down is not shown in place of the app', async () => {
  await send('install');
  network.mockImplementation(async () => said('Bad gateway', {}, 502));
  expect(await textOf(await get('/app/', 'navigate'))).toBe('fresh /app/');
});

test('a network that does not answer is not waited for long', async () => {
  await send('install');
  jest.useFakeTimers();
  try {
    network.mockImplementation(() => new Promise(() => {}));
    const opened = get('/app/', 'navigate');
    await jest.advanceTimersByTimeAsync(3000);
    expect(await textOf(await opened)).toBe('fresh /app/');
  } finally {
    jest.useRealTimers();
  }
});

test('a new version drops what the one before had kept, and no pictures', async () => {
  await send('install');
  stores.set('blogen-pictures', new FakeCache()).set('blogen-kept-covers', new FakeCache()).set('of-another', new FakeCache());
  start('two');
  await send('install');
  await send('activate');
  expect([...stores.keys()].sort()).toEqual(['blogen-app-two', 'blogen-kept-covers', 'blogen-pictures', 'of-another']);
});

test('a picture that was seen is not asked for again; one that is somebody’s own is not kept', async () => {
  await get('/media/ab/seen.webp');
  await get('/media/ab/seen.webp');
  expect(network).toHaveBeenCalledTimes(1);
  network.mockImplementation(async () => said('own', { 'Cache-Control': 'private' }));
  await get('/media/ab/own.webp');
  await get('/media/ab/own.webp');
  expect(network).toHaveBeenCalledTimes(3);
});

test('what belongs to a person is left to the browser', async () => {
  expect(await get('/api/v1/me')).toBeUndefined();
  expect(network).not.toHaveBeenCalled();
});

test('at most 300 pictures are kept, the oldest go', async () => {
  const pictures = new FakeCache();
  for (let at = 0; at < 300; at += 1) pictures.kept.set(`${BLOG}/media/${at}.webp`, said(''));
  stores.set('blogen-pictures', pictures);
  await get('/media/new.webp');
  const names = await pictures.keys();
  expect(names).toHaveLength(300);
  expect(names).not.toContain(`${BLOG}/media/0.webp`);
  expect(names).toContain(`${BLOG}/media/new.webp`);
});

test('signing out wipes the pictures and says when it is done; the app itself stays', async () => {
  await send('install');
  await get('/media/ab/seen.webp');
  stores.set('blogen-kept-covers', new FakeCache());
  const port = { postMessage: jest.fn(() => expect([...stores.keys()]).toEqual(['blogen-app-one'])) };
  await send('message', { data: { t: 'wipe' }, ports: [port] });
  expect(port.postMessage).toHaveBeenCalledWith('done');
});

test('a new version takes over only when it is told to', async () => {
  await send('install');
  await send('message', { data: 'anything', ports: [] });
  expect(self.skipWaiting).not.toHaveBeenCalled();
  await send('message', { data: { t: 'take-over' }, ports: [] });
  expect(self.skipWaiting).toHaveBeenCalledTimes(1);
});

test('every push message is shown, also one without words', async () => {
  await send('push', { data: { text: () => '{"title": "Ann answered you", "url": "/p/tea#comment-7"}' } });
  await send('push', { data: null });
  expect(self.showNotification.mock.calls.map(([title]) => title)).toEqual(['Ann answered you', 'News from your blog']);
  expect(self.showNotification.mock.calls[0]?.[1]).toMatchObject({ data: { path: '/post/tea/comments?comment=7' } });
});

const press = async (data: unknown): Promise<void> => {
  const close = jest.fn();
  await send('notificationclick', { notification: { close, data } });
  expect(close).toHaveBeenCalled();
};

test('a pressed notification leads the app that is open there, not another page of the blog', async () => {
  windows = [pageOf('/p/tea'), pageOf('/app/saved')];
  await press({ path: '/post/tea' });
  expect(windows[1]?.postMessage).toHaveBeenCalledWith({ t: 'open', path: '/post/tea' });
  expect(windows[1]?.focus).toHaveBeenCalled();
  expect(windows[0]?.focus).not.toHaveBeenCalled();
  expect(self.openWindow).not.toHaveBeenCalled();
});

test('it opens the app where none is open', async () => {
  windows = [pageOf('/p/tea')];
  await press({ path: '/post/tea' });
  await press(null);
  expect(self.openWindow.mock.calls).toEqual([['/app/post/tea'], ['/app/notifications']]);
});

test('another address of the push service is told to the blog', async () => {
  network.mockImplementation(async (url) => said(url.endsWith('/push/key') ? '{"key": "AQID"}' : '', {}, 200));
  await send('pushsubscriptionchange');
  expect(self.subscribe).toHaveBeenCalledWith({ userVisibleOnly: true, applicationServerKey: new Uint8Array([1, 2, 3]) });
  const [url, how] = network.mock.calls.at(-1)! as unknown as [string, { method: string; headers: Record<string, string>; body: string }];
  expect([url, how.method, JSON.parse(how.body)]).toEqual([`${BLOG}/api/v1/push/subscriptions`, 'POST', { endpoint: 'https://push.example/1' }]);
  expect(how.headers['Idempotency-Key']).toMatch(/^[0-9a-f-]{36}$/);
});
