/** The types that the app is written against are those of the blog's own document. */
const { execFileSync } = jest.requireActual<{ execFileSync(file: string, words: string[], how: object): string }>('child_process');
const { readFileSync } = jest.requireActual<{ readFileSync(path: string, encoding: string): string }>('fs');

test('schema.d.ts is what openapi.json generates (npm run gen)', () => {
  const made = execFileSync('node_modules/.bin/openapi-typescript', ['openapi.json'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  expect(made === readFileSync('src/api/schema.d.ts', 'utf8')).toBe(true); // a diff of 7,500 lines helps nobody
});
