/** The service worker. `scripts/build-web.mjs` puts `rules.js` before it, and VERSION and FILES of the build. */
/* global VERSION, FILES, wayOf, isKeepable, surplus, notificationOf, keyBytes */

const APP = `blogen-app-${VERSION}`;
const PICTURES = 'blogen-pictures';
/** Of posts that somebody keeps on this device; `src/lib/covers.web.ts` fills it. */
const KEPT_PICTURES = 'blogen-kept-covers';
const SHELL = '/app/';

self.addEventListener('install', (event) => {
  event.waitUntil(caches.open(APP).then((cache) => cache.addAll([new Request(SHELL, { cache: 'no-cache' }), ...FILES])));
});

self.addEventListener('activate', (event) => {
  event.waitUntil(dropOldVersions().then(() => self.clients.claim()));
});

self.addEventListener('fetch', (event) => {
  switch (wayOf(event.request, self.location.origin)) {
    case 'shell':
      return event.respondWith(shell(event));
    case 'asset':
      return event.respondWith(kept(APP, event.request));
    case 'picture':
      return event.respondWith(picture(event));
  }
});

self.addEventListener('message', (event) => {
  if (event.data?.t === 'take-over') event.waitUntil(self.skipWaiting());
  if (event.data?.t === 'wipe') event.waitUntil(wipe().then(() => event.ports[0]?.postMessage('done')));
});

self.addEventListener('push', (event) => {
  const { title, options } = notificationOf(event.data?.text() ?? '');
  event.waitUntil(self.registration.showNotification(title, options));
});

self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(show(event.notification.data?.path ?? '/notifications'));
});

/** The push service gave the browser another address: tell the blog. */
self.addEventListener('pushsubscriptionchange', (event) => {
  event.waitUntil(subscribeAgain());
});

/** At once from what is kept: a newer version is found by the browser, which asks for this script at each visit. */
async function shell(event) {
  return (await caches.match(SHELL, { cacheName: APP })) ?? fetch(event.request);
}

async function kept(name, request) {
  return (await caches.match(request, { cacheName: name })) ?? fetch(request);
}

async function picture(event) {
  for (const cacheName of [PICTURES, KEPT_PICTURES]) {
    const cached = await caches.match(event.request, { cacheName });
    if (cached !== undefined) return cached;
  }
  const response = await fetch(event.request);
  if (isKeepable(response)) event.waitUntil(keepPicture(event.request, response.clone()));
  return response;
}

async function keepPicture(request, response) {
  const cache = await caches.open(PICTURES);
  await cache.put(request, response);
  for (const old of surplus(await cache.keys())) await cache.delete(old);
}

async function wipe() {
  await Promise.all([PICTURES, KEPT_PICTURES].map((name) => caches.delete(name)));
}

async function dropOldVersions() {
  for (const name of await caches.keys()) {
    if (name.startsWith('blogen-app-') && name !== APP) await caches.delete(name);
  }
}

async function show(path) {
  const windows = await self.clients.matchAll({ type: 'window' });
  const open = windows.find((one) => new URL(one.url).pathname.startsWith(SHELL));
  if (open === undefined) return self.clients.openWindow(`/app${path}`);
  open.postMessage({ t: 'open', path }); // it goes there by itself, without loading anew
  return open.focus();
}

async function subscribeAgain() {
  const answer = await fetch('/api/v1/push/key');
  if (!answer.ok) return;
  const { key } = await answer.json();
  const asked = { userVisibleOnly: true, applicationServerKey: keyBytes(key) };
  const subscription = await self.registration.pushManager.subscribe(asked);
  await fetch('/api/v1/push/subscriptions', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Idempotency-Key': crypto.randomUUID() },
    body: JSON.stringify(subscription),
  });
}
