/** A key that no other call will have, for `Idempotency-Key`. Not a secret. */
export function newKey(): string {
  const random = globalThis.crypto?.randomUUID?.();
  if (random !== undefined) return random;
  const part = (): string => Math.random().toString(36).slice(2, 12).padEnd(10, '0');
  return `${Date.now().toString(36)}-${part()}-${part()}`;
}
