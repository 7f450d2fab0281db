/** A screen of the app on its routes, before a blog that answers what the test says. */
import AsyncStorage from '@react-native-async-storage/async-storage';
import { onlineManager, QueryClientProvider } from '@tanstack/react-query';
import { render } from '@testing-library/react-native';
import { renderRouter } from 'expo-router/testing-library';
import { useState, type ComponentType, type ReactNode } from 'react';
import { SafeAreaProvider } from 'react-native-safe-area-context';

import me from '../../__fixtures__/me.json';

import { connection } from '@/api/client';
import { Toast } from '@/components/Toast';
import { makeQueryClient } from '@/state/offline';
import { outbox } from '@/state/outbox';
import { become, getSession, identityOf, signOut, startSession, type Person } from '@/state/session';

export interface Asked {
  method: string;
  /** With its query. */
  path: string;
  body: unknown;
  headers: Headers;
  signal: AbortSignal | null | undefined;
}

/** An answer by "METHOD path" (without the query), or what makes one; `offline` is what a network that is off says. */
export type Answers = Record<string, unknown>;

export const offline = (): never => {
  throw new TypeError('Network request failed');
};

export const refusal = (status: number, code: string, detail: string): Response =>
  new Response(JSON.stringify({ status, code, detail }), { status, headers: { 'Content-Type': 'application/problem+json' } });

export const answer = (body: unknown, status = 200): Response =>
  new Response(status === 204 ? null : JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } });

/** Whoever is signed in on an empty device; null: nobody. */
export async function begin(person: Person | null = me as Person): Promise<void> {
  serve({ 'POST /auth/logout': answer(null, 204) });
  await signOut(); // what the test before had typed goes with it
  await AsyncStorage.clear();
  onlineManager.setOnline(true);
  await startSession();
  Object.assign(connection, { origin: 'https://blog.example', token: null, renew: async () => false, signedOut: () => {} });
  await become(person);
  await outbox.open(identityOf(getSession()));
}

/** Answer from `answers`, which the test may change later; hands back what was asked. */
export function serve(answers: Answers): Asked[] {
  const asked: Asked[] = [];
  globalThis.fetch = async (url, init) => {
    const path = String(url).replace('https://blog.example/api/v1', '');
    const method = init?.method ?? 'GET';
    const body: unknown = typeof init?.body === 'string' && init.body !== '' ? JSON.parse(init.body) : null;
    const one: Asked = { method, path, body, headers: new Headers(init?.headers), signal: init?.signal };
    asked.push(one);
    const found = answers[`${method} ${path.split('?')[0]}`];
    if (found === undefined) return refusal(404, 'not-found', `Nothing is told of ${method} ${path}.`);
    const made: unknown = typeof found === 'function' ? await (found as (asked: Asked) => unknown)(one) : found;
    return made instanceof Response ? made : answer(made);
  };
  return asked;
}

export const only = (asked: Asked[], method: string, path: string): Asked[] =>
  asked.filter((one) => one.method === method && one.path.split('?')[0] === path);

let opened: ReturnType<typeof renderRouter>;

/** Open `url`; `routes` are the screens by their file names. */
export function open(url: string, routes: Record<string, ComponentType>) {
  opened = renderRouter({ 'sign-in': () => null, ...routes }, { initialUrl: url, wrapper: Around });
  return opened;
}

/** Where the app is. */
export const pathname = (): string => opened.getPathname();

/** A part without a route. */
export function draw(part: ReactNode) {
  return render(<Around>{part}</Around>);
}

function Around({ children }: { children?: ReactNode }) {
  const [client] = useState(makeQueryClient);
  return (
    <SafeAreaProvider initialMetrics={{ frame: { x: 0, y: 0, width: 390, height: 844 }, insets: { top: 0, left: 0, right: 0, bottom: 0 } }}>
      <QueryClientProvider client={client}>
        {children}
        <Toast />
      </QueryClientProvider>
    </SafeAreaProvider>
  );
}
