import { Stack, useRouter, type Href } from 'expo-router';
import { useEffect, useState } from 'react';

import { strings } from '@/strings';

import { IconButton } from './IconButton';

interface Props {
  title: string;
  /** Whether the header shows it; the browser's tab does in any case. */
  isTitled?: boolean;
  /** Where back leads for who came by a link, and has nothing behind. */
  to?: Href;
}

/** The header of a screen that a link may open: there is always a way back. */
export function WayBack({ title, isTitled = true, to = '/' }: Props) {
  const router = useRouter();
  // When somebody signs in, the screen begins anew, and the old one's end clears what the new one had set: it is set once more.
  const [isAgain, setAgain] = useState(false);
  // eslint-disable-next-line react-hooks/set-state-in-effect -- only then is the old one's end over
  useEffect(() => setAgain(true), []);
  const back = { headerLeft: () => <IconButton icon="back" label={strings.back} onPress={() => router.replace(to)} /> };
  return <Stack.Screen key={String(isAgain)} options={{ title, ...(isTitled ? null : { headerTitle: () => null }), ...(router.canGoBack() ? null : back) }} />;
}
