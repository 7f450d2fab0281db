import { Stack, useRouter, type Href } from 'expo-router';

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
  const back = { headerLeft: () => <IconButton icon="back" label={strings.back} onPress={() => router.replace(to)} /> };
  return <Stack.Screen options={{ title, ...(isTitled ? null : { headerTitle: () => null }), ...(router.canGoBack() ? null : back) }} />;
}
