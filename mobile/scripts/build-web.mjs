/** After `expo export`: looks whether every file that is named is there, writes `.gz` and `.br` beside what shrinks, prints sizes. */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';

const DIST = new URL('../dist', import.meta.url).pathname;
const SHRINKS = /\.(js|css|html|json|webmanifest|svg|ttf|map)$/;

function filesUnder(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesUnder(path) : [path];
  });
}

const named = ['index.html', 'manifest.webmanifest'].flatMap((name) =>
  [...readFileSync(join(DIST, name), 'utf8').matchAll(/"\/app\/([^"?#]+)"/g)].map((found) => found[1]),
);
const missing = named.filter((name) => !existsSync(join(DIST, name)));
if (missing.length > 0) {
  console.error(`Named, but not there: ${missing.join(', ')}`);
  process.exit(1);
}

let script = 0;
for (const path of filesUnder(DIST).filter((file) => SHRINKS.test(file))) {
  const bytes = readFileSync(path);
  const small = gzipSync(bytes, { level: 9 });
  writeFileSync(`${path}.gz`, small);
  writeFileSync(`${path}.br`, brotliCompressSync(bytes));
  if (path.endsWith('.js')) script += small.length;
  console.log(`${relative(DIST, path)}  ${bytes.length} B, ${small.length} B gz, ${statSync(`${path}.br`).size} B br`);
}
console.log(`JavaScript: ${Math.round(script / 1024)} KB gz`);
