/** A browser has no ticks. */
export function tick(): void {}
