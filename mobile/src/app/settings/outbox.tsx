import { Stack } from 'expo-router';
import { StyleSheet, View } from 'react-native';

import { Button } from '@/components/Button';
import { Pane } from '@/components/Pane';
import { Group } from '@/components/Row';
import { Empty } from '@/components/States';
import { Text } from '@/components/Text';
import { outbox, useOutbox, type Act, type Entry } from '@/state/outbox';
import { strings } from '@/strings';
import { space } from '@/theme';

const words = strings.you;

/** What the person did and the blog does not know, or did not want: nothing of it goes by itself. */
export default function OutboxScreen() {
  const { waiting, parked } = useOutbox();
  const entries = [...parked, ...waiting];
  return (
    <Pane>
      <Stack.Screen options={{ title: words.outbox }} />
      {entries.length === 0 ? (
        <Empty title={words.outboxEmpty} body={words.outboxEmptyBody} />
      ) : (
        <>
          <Group>
            {entries.map((entry) => (
              <Waiting key={entry.key} entry={entry} />
            ))}
          </Group>
          {waiting.length > 0 && <Button kind="plain" label={strings.retry} onPress={() => void outbox.drain()} />}
        </>
      )}
    </Pane>
  );
}

function Waiting({ entry }: { entry: Entry }) {
  const { key, act, parked } = entry;
  const typed = typedOf(act);
  return (
    <View style={styles.entry}>
      <Text as="strong">{nameOf(act)}</Text>
      <Text as="small" tone="quiet">
        {subjectOf(act)}
      </Text>
      {typed !== '' && <Text selectable>{typed}</Text>}
      <Text as="small" tone={parked === null ? 'quiet' : 'danger'}>
        {parked === null ? words.waitingFor : words.refused(parked.words || strings.trouble[parked.kind].title)}
      </Text>
      <View style={styles.ways}>
        {parked !== null && <Button label={strings.retry} onPress={() => void outbox.retry(key)} />}
        <Button kind="danger" label={words.discard} onPress={() => void outbox.discard(key)} />
      </View>
    </View>
  );
}

function nameOf(act: Act): string {
  switch (act.t) {
    case 'like':
    case 'bookmark':
    case 'follow':
      return words.acts[act.t](act.on);
    case 'decision':
      return words.acts[act.verb];
    case 'progress':
    case 'comment':
    case 'revise':
      return words.acts[act.t];
  }
}

function subjectOf(act: Act): string {
  if (act.t === 'follow') return act.of === 'tag' ? `#${act.name}` : `@${act.name}`;
  return 'slug' in act ? act.slug : '';
}

/** What the person wrote: it can be copied from here before it is discarded. */
function typedOf(act: Act): string {
  if (act.t === 'comment') return act.text;
  return act.t === 'decision' || act.t === 'revise' ? act.note : '';
}

const styles = StyleSheet.create({
  entry: { padding: space.l, gap: space.xs },
  ways: { flexDirection: 'row', flexWrap: 'wrap', gap: space.s, marginTop: space.s },
});
