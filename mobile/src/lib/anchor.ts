/** Finding the row at the upper edge, by which a place is kept: rows may grow, so no offset is worth keeping. */
export interface Extent {
  y: number;
  height: number;
}

/** The first of `count` rows, which lie in order, that reaches below `edge`, and how far the edge is into it. */
export function topOf(count: number, edge: number, extentOf: (index: number) => Extent | null): { index: number; dy: number } | null {
  let low = 0;
  let high = count - 1;
  let found: { index: number; dy: number } | null = null;
  while (low <= high) {
    const index = (low + high) >> 1;
    const row = extentOf(index);
    if (row === null) return found;
    if (row.y + row.height > edge) {
      found = { index, dy: edge - row.y };
      high = index - 1;
    } else {
      low = index + 1;
    }
  }
  return found;
}
