import { qrOf } from '@/lib/qr';

const LINK = 'blogen://pair?server=https%3A%2F%2Fblog.example&code=7K3M-Q0XP';

/** FNV-1a of the squares, row after row. */
function digest(rows: boolean[][]): number {
  const bits = rows.flat().map((on) => (on ? 49 : 48));
  return bits.reduce((hash, code) => Math.imul(hash ^ code, 0x01000193) >>> 0, 0x811c9dc5);
}

// What another encoder, made by other hands, drew of the same texts with each mask.
test.each([
  ['version 1', 'blogen', [325241701, 1633715927, 3444635975, 2648131969, 1179443627, 1810656629, 3755592697, 3262024683]],
  ['a link', LINK, [1237430845, 3854920079, 3289704450, 904143266, 1430618403, 524942573, 1906955646, 2335122404]],
  ['version 8', 'x'.repeat(150), [950698975, 1623827356, 823407573, 3346889031, 2433617493, 1010056972, 3796698955, 1042137501]],
  ['version 10, not of ASCII', 'é'.repeat(106), [479261127, 197200688, 615264337, 1087757211, 80690573, 1198918875, 1433103819, 2466952745]],
])('%s is drawn square for square', (_name, text, digests) => {
  expect(digests.map((_digest, mask) => digest(qrOf(text, mask) ?? []))).toEqual(digests);
});

test('a mask is chosen, and what does not fit is refused', () => {
  const chosen = qrOf(LINK);
  expect([...Array(8).keys()].map((mask) => JSON.stringify(qrOf(LINK, mask)))).toContain(JSON.stringify(chosen));
  expect(qrOf('x'.repeat(214))).toBeNull();
});
