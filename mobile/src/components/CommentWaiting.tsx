import { useState } from 'react';
import { StyleSheet, View } from 'react-native';

import { outbox, type Act, type Entry } from '@/state/outbox';
import { strings } from '@/strings';
import { radius, space, useTheme } from '@/theme';

import { Text } from './Text';
import { TextButton } from './TextButton';

export type WaitingComment = Entry & { act: Extract<Act, { t: 'comment' }> };

interface Props {
  entries: readonly WaitingComment[];
  /** One is on its way just now. */
  isSending: boolean;
  /** Put the text back to where it was typed. */
  onTakeBack: (entry: WaitingComment) => void;
}

/** Comments that the blog does not have yet, and those that it refused. */
export function CommentWaiting({ entries, isSending, onTakeBack }: Props) {
  if (entries.length === 0) return null;
  return (
    <View style={styles.list}>
      <Text as="heading">{strings.talk.unsent}</Text>
      {entries.map((entry) => (
        <Waiting key={entry.key} entry={entry} isSending={isSending} onTakeBack={() => onTakeBack(entry)} />
      ))}
    </View>
  );
}

function Waiting({ entry, isSending, onTakeBack }: { entry: WaitingComment; isSending: boolean; onTakeBack: () => void }) {
  const { colours } = useTheme();
  const [isAsking, setAsking] = useState(false);
  const { parked } = entry;
  return (
    <View style={[styles.entry, { borderColor: parked === null ? colours.line : colours.danger, backgroundColor: colours.surface }]}>
      <Text>{entry.act.text}</Text>
      {parked === null ? (
        <Text as="small" tone="quiet" role="status">
          {isSending ? strings.talk.sending : strings.talk.waits}
        </Text>
      ) : (
        <Text as="small" tone="danger" role="alert">
          {parked.words === '' ? strings.talk.parkedAny : strings.talk.parked(parked.words)}
        </Text>
      )}
      {!(isSending && parked === null) && (
        <View style={styles.acts}>
          {parked === null ? (
            <TextButton label={strings.talk.sendNow} onPress={() => void outbox.drain()} />
          ) : (
            <>
              <TextButton label={strings.talk.retry} onPress={() => void outbox.retry(entry.key)} />
              <TextButton label={strings.talk.takeBack} onPress={onTakeBack} />
            </>
          )}
          <TextButton
            label={isAsking ? strings.talk.discardSure : strings.talk.discard}
            tone="danger"
            onPress={() => (isAsking ? void outbox.discard(entry.key) : setAsking(true))}
          />
        </View>
      )}
    </View>
  );
}

const styles = StyleSheet.create({
  list: { gap: space.m },
  entry: { borderWidth: 1, borderStyle: 'dashed', borderRadius: radius.m, padding: space.m, gap: space.xs },
  acts: { flexDirection: 'row', flexWrap: 'wrap' },
});
