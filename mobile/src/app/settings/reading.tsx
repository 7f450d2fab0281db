import { Stack } from 'expo-router';

import { Pane } from '@/components/Pane';
import { ReadingChoices } from '@/components/ReadingChoices';
import { strings } from '@/strings';

/** The same choices as in the reader's own sheet. */
export default function Reading() {
  return (
    <Pane>
      <Stack.Screen options={{ title: strings.you.readingSettings }} />
      <ReadingChoices />
    </Pane>
  );
}
