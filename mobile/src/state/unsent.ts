/** What was typed and is not sent yet, kept on this device for whoever typed it: it outlives its screen, and the app's end. */
import AsyncStorage from '@react-native-async-storage/async-storage';
import { useEffect } from 'react';

import { getSession, identityOf, onFarewell, useSession, type Session } from './session';
import { makeStore } from './store';

export interface Unsent {
  text: string;
  /** Read from the disk; before that nothing can be typed, so that nothing typed earlier is overwritten. */
  isRead: boolean;
  /** The empty text forgets it. */
  setText(text: string): void;
}

const texts = makeStore<Readonly<Record<string, string>>>({});
const nameOf = (identity: string): string => `blogen.unsent.${identity}.`;
const keyOf = (session: Session, subject: string): string => nameOf(identityOf(session)) + subject;

/** `subject` says what the text is for, e.g. `comment:<slug>:<parent>`. */
export function useUnsent(subject: string): Unsent {
  const key = keyOf(useSession(), subject);
  const text = texts.use()[key];
  useEffect(() => {
    void read(key);
  }, [key]);
  return { text: text ?? '', isRead: text !== undefined, setText: (typed) => keep(key, typed) };
}

/** Put a text before what is typed for `subject`, shown or not. */
export async function putBack(subject: string, text: string): Promise<void> {
  const key = keyOf(getSession(), subject);
  await read(key);
  keep(key, [text, texts.get()[key]].filter(Boolean).join('\n\n'));
}

async function read(key: string): Promise<void> {
  if (key in texts.get()) return;
  const found = await AsyncStorage.getItem(key).catch(() => null);
  if (!(key in texts.get())) texts.set({ ...texts.get(), [key]: found ?? '' });
}

function keep(key: string, text: string): void {
  texts.set({ ...texts.get(), [key]: text });
  const kept = text === '' ? AsyncStorage.removeItem(key) : AsyncStorage.setItem(key, text);
  kept.catch(() => {}); // a full disk: the text stays on the screen
}

onFarewell(async (identity) => {
  const isTheirs = (key: string): boolean => key.startsWith(nameOf(identity));
  texts.set(Object.fromEntries(Object.entries(texts.get()).filter(([key]) => !isTheirs(key))));
  await AsyncStorage.multiRemove((await AsyncStorage.getAllKeys()).filter(isTheirs));
});
