/** Pictures of posts that are kept on this device. In a browser: a cache that the service worker answers from. */
const KEPT_COVERS = 'blogen-kept-covers';

export async function keepCover(url: string): Promise<void> {
  if (typeof caches === 'undefined') return; // a plain http address has no caches, and no service worker either
  const kept = await caches.open(KEPT_COVERS);
  if ((await kept.match(url)) === undefined) await kept.add(url);
}

export async function dropCover(url: string): Promise<void> {
  if (typeof caches === 'undefined') return;
  await (await caches.open(KEPT_COVERS)).delete(url);
}
