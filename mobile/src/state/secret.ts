/** Tokens of a native app, in the device's key chain. (On the web there are none: see `secret.web.ts`.) */
import * as SecureStore from 'expo-secure-store';

export interface Secret {
  access: string;
  refresh: string;
  /** When the access token ends, Unix ms. */
  endsAt: number;
}

const keyOf = (origin: string): string => `blogen.${origin.replace(/[^A-Za-z0-9.]/g, '_')}`;

export async function readSecret(origin: string): Promise<Secret | null> {
  const stored = await SecureStore.getItemAsync(keyOf(origin));
  return stored === null ? null : (JSON.parse(stored) as Secret);
}

export async function writeSecret(origin: string, secret: Secret): Promise<void> {
  await SecureStore.setItemAsync(keyOf(origin), JSON.stringify(secret));
}

export async function dropSecret(origin: string): Promise<void> {
  await SecureStore.deleteItemAsync(keyOf(origin));
}
