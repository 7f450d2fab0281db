/**
 * A text as a QR code (ISO/IEC 18004): bytes, error correction M, versions 1 to 10, which hold up to 213 bytes. Enough for a
 * link, and small enough to be read here in place of one more package.
 */

/** By version: error-correction bytes in a block, and the data bytes of each block. */
const BLOCKS: readonly (readonly [ec: number, data: readonly number[]])[] = [
  [10, [16]],
  [16, [28]],
  [26, [44]],
  [18, [32, 32]],
  [24, [43, 43]],
  [16, [27, 27, 27, 27]],
  [18, [31, 31, 31, 31]],
  [22, [38, 38, 39, 39]],
  [22, [36, 36, 36, 37, 37]],
  [26, [43, 43, 43, 43, 44]],
];
const MASKS: readonly ((x: number, y: number) => boolean)[] = [
  (x, y) => (x + y) % 2 === 0,
  (_x, y) => y % 2 === 0,
  (x) => x % 3 === 0,
  (x, y) => (x + y) % 3 === 0,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0,
  (x, y) => ((x * y) % 2) + ((x * y) % 3) === 0,
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0,
];

type Grid = boolean[][];

/** Rows of dark (true) and light squares, without the quiet edge; null: too long. `mask`: the one that reads best, unless given. */
export function qrOf(text: string, mask?: number): Grid | null {
  const bytes = [...new TextEncoder().encode(text)];
  const version = BLOCKS.findIndex(([, data], at) => bytes.length + (at < 9 ? 2 : 3) <= sum(data)) + 1;
  if (version === 0) return null;
  const words = interleaved(version, dataWords(version, bytes));
  const candidates = (mask === undefined ? [...MASKS.keys()] : [mask]).map((one) => drawn(version, words, one));
  return candidates.reduce((best, one) => (penalty(one) < penalty(best) ? one : best));
}

function dataWords(version: number, bytes: readonly number[]): number[] {
  const room = sum(blocksOf(version)[1]);
  const bits: number[] = [];
  const put = (value: number, length: number): void => {
    for (let at = length - 1; at >= 0; at--) bits.push((value >> at) & 1);
  };
  put(4, 4); // bytes
  put(bytes.length, version < 10 ? 8 : 16);
  for (const byte of bytes) put(byte, 8);
  put(0, Math.min(4, room * 8 - bits.length));
  while (bits.length % 8 !== 0) bits.push(0);
  const words: number[] = [];
  for (let at = 0; at < bits.length; at += 8) words.push(bits.slice(at, at + 8).reduce((word, bit) => word * 2 + bit, 0));
  for (let pad = 0xec; words.length < room; pad ^= 0xec ^ 0x11) words.push(pad);
  return words;
}

/** The words of all blocks in turn, then their error correction. */
function interleaved(version: number, words: readonly number[]): number[] {
  const [length, sizes] = blocksOf(version);
  let from = 0;
  const blocks = sizes.map((size) => words.slice(from, (from += size)));
  const corrections = blocks.map((block) => correction(block, length));
  const inTurn = (parts: readonly (readonly number[])[]): number[] =>
    [...Array(Math.max(...parts.map((part) => part.length))).keys()].flatMap((at) => parts.flatMap((part) => part[at] ?? []));
  return [...inTurn(blocks), ...inTurn(corrections)];
}

/** Reed and Solomon's remainder over GF(256) with the polynomial 0x11d. */
function correction(block: readonly number[], length: number): number[] {
  const divisor = [...Array<number>(length - 1).fill(0), 1];
  for (let at = 0, root = 1; at < length; at++, root = product(root, 2)) {
    for (let one = 0; one < length; one++) divisor[one] = product(divisor[one] ?? 0, root) ^ (divisor[one + 1] ?? 0);
  }
  return block.reduce<number[]>((rest, word) => {
    const factor = word ^ (rest[0] ?? 0);
    return divisor.map((part, at) => (rest[at + 1] ?? 0) ^ product(part, factor));
  }, Array<number>(length).fill(0));
}

function product(a: number, b: number): number {
  let found = 0;
  for (let bit = 7; bit >= 0; bit--) {
    found = (found << 1) ^ ((found >> 7) * 0x11d);
    found ^= ((b >> bit) & 1) * a;
  }
  return found;
}

function drawn(version: number, words: readonly number[], mask: number): Grid {
  const size = version * 4 + 17;
  const grid: (boolean | null)[][] = Array.from({ length: size }, () => Array<boolean | null>(size).fill(null));
  const set = (x: number, y: number, on: boolean): void => {
    const row = grid[y];
    if (row !== undefined && x >= 0 && x < size) row[x] = on;
  };
  for (let at = 0; at < size; at++) {
    set(6, at, at % 2 === 0);
    set(at, 6, at % 2 === 0);
  }
  drawFinders(size, set);
  drawAlignment(version, size, set);
  drawFormat(size, mask, set);
  if (version >= 7) drawVersion(version, size, set);
  drawWords(grid, words, MASKS[mask] ?? (() => false));
  return grid.map((row) => row.map((one) => one === true));
}

type SetSquare = (x: number, y: number, on: boolean) => void;

function drawFinders(size: number, set: SetSquare): void {
  for (const [left, top] of [[0, 0], [size - 7, 0], [0, size - 7]] as const) {
    for (let y = -1; y <= 7; y++) {
      for (let x = -1; x <= 7; x++) {
        const ring = Math.max(Math.abs(x - 3), Math.abs(y - 3));
        set(left + x, top + y, ring !== 2 && ring !== 4);
      }
    }
  }
}

function drawAlignment(version: number, size: number, set: SetSquare): void {
  if (version < 2) return;
  const places = version < 7 ? [6, size - 7] : [6, (size - 1) / 2, size - 7];
  const last = size - 7;
  for (const cx of places) {
    for (const cy of places) {
      if ((cx === 6 && cy === 6) || (cx === 6 && cy === last) || (cx === last && cy === 6)) continue;
      for (let y = -2; y <= 2; y++) {
        for (let x = -2; x <= 2; x++) set(cx + x, cy + y, Math.max(Math.abs(x), Math.abs(y)) !== 1);
      }
    }
  }
}

function drawFormat(size: number, mask: number, set: SetSquare): void {
  const bits = ((mask << 10) | remainder(mask, 10, 0x537)) ^ 0x5412; // M is 00
  const on = (at: number): boolean => ((bits >> at) & 1) === 1;
  for (let at = 0; at < 6; at++) set(8, at, on(at));
  set(8, 7, on(6));
  set(8, 8, on(7));
  set(7, 8, on(8));
  for (let at = 9; at < 15; at++) set(14 - at, 8, on(at));
  for (let at = 0; at < 8; at++) set(size - 1 - at, 8, on(at));
  for (let at = 8; at < 15; at++) set(8, size - 15 + at, on(at));
  set(8, size - 8, true);
}

function drawVersion(version: number, size: number, set: SetSquare): void {
  const bits = (version << 12) | remainder(version, 12, 0x1f25);
  for (let at = 0; at < 18; at++) {
    const on = ((bits >> at) & 1) === 1;
    const [a, b] = [size - 11 + (at % 3), Math.floor(at / 3)];
    set(a, b, on);
    set(b, a, on);
  }
}

/** The remainder of `value` and as many zeros as `length`, divided by the polynomial. */
function remainder(value: number, length: number, polynomial: number): number {
  let rest = value;
  for (let at = 0; at < length; at++) rest = (rest << 1) ^ ((rest >> (length - 1)) * polynomial);
  return rest;
}

/** In pairs of columns from the right, up and down in turn, around what stands there already. */
function drawWords(grid: (boolean | null)[][], words: readonly number[], isFlipped: (x: number, y: number) => boolean): void {
  const size = grid.length;
  let bit = 0;
  for (let right = size - 1; right >= 1; right -= 2) {
    if (right === 6) right = 5;
    const isUp = ((right + 1) & 2) === 0;
    for (let step = 0; step < size; step++) {
      const y = isUp ? size - 1 - step : step;
      for (const x of [right, right - 1]) {
        const row = grid[y];
        if (row === undefined || row[x] !== null) continue;
        const isOn = (((words[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1) === 1;
        row[x] = isOn !== isFlipped(x, y);
        bit += 1;
      }
    }
  }
}

/** How hard it is to read: long runs, blocks of one colour, and too much of one of them. */
function penalty(grid: Grid): number {
  const size = grid.length;
  const at = (x: number, y: number): boolean => grid[y]?.[x] === true;
  let points = 0;
  let dark = 0;
  for (let a = 0; a < size; a++) {
    for (const read of [(b: number) => at(b, a), (b: number) => at(a, b)]) {
      for (let b = 1, run = 1; b <= size; b++) {
        if (b < size && read(b) === read(b - 1)) run += 1;
        else {
          if (run >= 5) points += run - 2;
          run = 1;
        }
      }
    }
    for (let b = 0; b < size; b++) {
      if (at(a, b)) dark += 1;
      const isBlock = a + 1 < size && b + 1 < size && at(a, b) === at(a + 1, b) && at(a, b) === at(a, b + 1) && at(a, b) === at(a + 1, b + 1);
      if (isBlock) points += 3;
    }
  }
  return points + Math.floor(Math.abs((dark * 20) / (size * size) - 10)) * 10;
}

function blocksOf(version: number): readonly [number, readonly number[]] {
  return BLOCKS[version - 1] ?? [0, []];
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
