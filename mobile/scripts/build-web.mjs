/**
 * After `expo export`: looks whether every file that is named is there, makes the service worker, writes `.gz` and `.br`
 * beside what shrinks, and fails if the app has become too large.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';

const HERE = fileURLToPath(new URL('..', import.meta.url));
const DIST = process.argv[2] ?? join(HERE, 'dist');
const SHRINKS = /\.(js|css|html|json|webmanifest|svg|ttf|map)$/;
const MOST_SCRIPT_KB = 380;
const MOST_FIRST_LOAD_KB = 450;
const PLACE = '<!-- first cards -->';

function filesUnder(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesUnder(path) : [path];
  });
}

function fail(words) {
  console.error(words);
  process.exit(1);
}

const textOf = (name) => readFileSync(join(DIST, name), 'utf8');
const named = (name) => [...textOf(name).matchAll(/"\/app\/([^"?#]+\.[a-z0-9]+)"/g)].map((found) => found[1]);
const missing = ['index.html', 'manifest.webmanifest'].flatMap(named).filter((name) => !existsSync(join(DIST, name)));
if (missing.length > 0) fail(`Named, but not there: ${missing.join(', ')}`);

// The first screen's parts are known beforehand: named in the page, they come beside the rest and not one after the other.
const scriptsOf = (pattern) => readdirSync(join(DIST, '_expo/static/js/web')).filter((name) => pattern.test(name));
const isFeed = (name) => textOf(`_expo/static/js/web/${name}`).includes('inviteTitle'); // other screens are called index, too
const feeds = scriptsOf(/^index-[0-9a-f]+\.js$/).filter(isFeed);
if (feeds.length !== 1) fail(`Which script is the feed's? ${feeds.length} look like it.`);
const ahead = [...scriptsOf(/^_layout-[0-9a-f]+\.js$/), ...feeds].map((name) => `/app/_expo/static/js/web/${name}`);
// They come after what draws the first cards: a browser makes six requests at a time, and the first is to be the feed's.
const page = textOf('index.html').replace(/<link rel="preload" as="script"[^>]*>/g, '');
const hints = ahead.map((name) => `<link rel="preload" as="script" href="${name}">`).join('');
const cards = readFileSync(join(HERE, 'first', 'cards.js'), 'utf8').replace(/^export /gm, '').replace(/^ *\/\*\*[^]*?\*\/\n|^ *\/\/.*\n|^ +/gm, '');
if (!page.includes(PLACE)) fail(`index.html does not say where the first cards are drawn: ${PLACE}`);
const drawn = page.replace(PLACE, () => `<script>(()=>{\n${cards}begin(window)})()</script>${hints}`);
writeFileSync(join(DIST, 'index.html'), drawn);

// What the app needs to start without a network: its scripts and its own pictures.
const kept = filesUnder(DIST)
  .map((path) => relative(DIST, path))
  .filter((name) => !/\.(gz|br|map)$/.test(name) && !['index.html', 'sw.js', 'metadata.json'].includes(name))
  .filter((name) => name.startsWith('_expo/') || name.startsWith('assets/') || name === 'manifest.webmanifest' || name === 'icon-192.png')
  .sort();
const version = createHash('sha256');
for (const name of ['index.html', ...kept]) version.update(name).update(readFileSync(join(DIST, name)));
const rules = readFileSync(join(HERE, 'worker', 'rules.js'), 'utf8').replace(/^export /gm, '');
const worker = readFileSync(join(HERE, 'worker', 'worker.js'), 'utf8');
const build = [
  `const VERSION = ${JSON.stringify(version.digest('hex').slice(0, 16))};`,
  `const FILES = ${JSON.stringify(kept.map((name) => `/app/${name}`))};`,
];
writeFileSync(join(DIST, 'sw.js'), `${build.join('\n')}\n${rules}\n${worker}`);

const smallSizes = new Map();
for (const path of filesUnder(DIST).filter((file) => SHRINKS.test(file))) {
  const bytes = readFileSync(path);
  const small = gzipSync(bytes, { level: 9 });
  writeFileSync(`${path}.gz`, small);
  writeFileSync(`${path}.br`, brotliCompressSync(bytes));
  const name = relative(DIST, path);
  smallSizes.set(name, small.length);
  console.log(`${name}  ${bytes.length} B, ${small.length} B gz, ${statSync(`${path}.br`).size} B br`);
}

const sizeOf = (name) => smallSizes.get(name) ?? statSync(join(DIST, name)).size;
const sum = (names) => names.reduce((bytes, name) => bytes + sizeOf(name), 0) / 1024;
const isScript = (name) => name.startsWith('_expo/') && name.endsWith('.js');
const allScripts = sum([...smallSizes.keys()].filter(isScript));
const script = sum([...new Set(named('index.html'))].filter(isScript));
const loaded = [...new Set(['index.html', 'manifest.webmanifest', 'icon-192.png', ...named('index.html')])];
const firstLoad = sum(loaded);
console.log(`JavaScript: ${script.toFixed(1)} KB gz until the feed stands (at most ${MOST_SCRIPT_KB}), ${allScripts.toFixed(1)} KB with all screens`);
console.log(`First load: ${firstLoad.toFixed(1)} KB gz without covers and without the feed's answer (at most ${MOST_FIRST_LOAD_KB}):`);
for (const name of loaded) console.log(`  ${(sizeOf(name) / 1024).toFixed(1).padStart(6)} KB  ${name}`);
console.log(`Kept for starting offline: ${kept.length + 1} files, version ${/"(\w+)"/.exec(build[0])[1]}`);
if (script > MOST_SCRIPT_KB) fail('The JavaScript is too large: see what came in with the last change.');
if (firstLoad > MOST_FIRST_LOAD_KB) fail('The first load is too large: see what came in with the last change.');
