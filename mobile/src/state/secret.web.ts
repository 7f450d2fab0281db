/** A browser holds an HttpOnly cookie: no script, ours neither, ever sees a token. */
import type { Secret } from './secret';

export async function readSecret(_origin: string): Promise<Secret | null> {
  return null;
}

export async function writeSecret(_origin: string, _secret: Secret): Promise<void> {}

export async function dropSecret(_origin: string): Promise<void> {}
