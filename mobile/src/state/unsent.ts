/** What was typed and is not sent yet, kept on this device for whoever typed it: it outlives its screen, and the app's end. */
import AsyncStorage from '@react-native-async-storage/async-storage';
import { useEffect, useState } from 'react';

import { identityOf, onFarewell, useSession } from './session';

const nameOf = (identity: string): string => `blogen.unsent.${identity}.`;

export interface Unsent {
  text: string;
  /** Read from the disk; before that nothing can be typed, so that nothing typed earlier is overwritten. */
  isRead: boolean;
  /** The empty text forgets it. */
  setText(text: string): void;
}

/** `subject` says what the text is for, e.g. `comment:<slug>:<parent>`. */
export function useUnsent(subject: string): Unsent {
  const key = nameOf(identityOf(useSession())) + subject;
  const [held, setHeld] = useState({ key: '', text: '' });
  useEffect(() => {
    let hasLeft = false;
    const read = AsyncStorage.getItem(key).catch(() => null);
    void read.then((found) => !hasLeft && setHeld({ key, text: found ?? '' }));
    return () => {
      hasLeft = true;
    };
  }, [key]);
  const isRead = held.key === key;
  return {
    text: isRead ? held.text : '',
    isRead,
    setText: (text) => {
      setHeld((now) => (now.key === key ? { key, text } : now)); // another subject may be shown by now
      void keep(key, text);
    },
  };
}

async function keep(key: string, text: string): Promise<void> {
  try {
    await (text === '' ? AsyncStorage.removeItem(key) : AsyncStorage.setItem(key, text));
  } catch {
    // A full disk: the text stays on the screen.
  }
}

async function forget(identity: string): Promise<void> {
  const keys = await AsyncStorage.getAllKeys();
  await AsyncStorage.multiRemove(keys.filter((key) => key.startsWith(nameOf(identity))));
}

onFarewell(forget);
