import { useEffect, useRef, useState } from 'react';
import { Platform, StyleSheet, TextInput, View, type TextStyle } from 'react-native';

import { useWriteComment, type Comment } from '@/api/queries/comments';
import { asTrouble } from '@/api/trouble';
import { toast } from '@/components/Toast';
import { outbox } from '@/state/outbox';
import type { Unsent } from '@/state/unsent';
import { strings, wordsOf } from '@/strings';
import { radius, space, TARGET, useTheme } from '@/theme';

import { Button } from './Button';
import { Chip } from './Chip';
import type { Said } from './CommentRow';
import { writerOf } from './CommentRow';
import { IconButton } from './IconButton';
import { useSignIn } from './SignedOut';
import { Text } from './Text';

/** What the server takes at most. */
export const MOST_CHARS = 10_000;
const NEAR_THE_END = 500;

interface Props {
  slug: string;
  answering: Said | null;
  onStopAnswering: () => void;
  unsent: Unsent;
  /** Who can be mentioned: those who speak here. */
  handles: string[];
  /** The comment that was made; null: it waits in the outbox. */
  onSent: (made: Comment | null) => void;
}

/** Where one writes. What is typed goes only once the blog, or the outbox, has it. */
export function CommentComposer({ slug, answering, onStopAnswering, unsent, handles, onSent }: Props) {
  const { colours, text: typeOf } = useTheme();
  const write = useWriteComment(slug);
  const goSignIn = useSignIn();
  const isUnderWay = useRef(false);
  const [isFocused, setFocused] = useState(false);
  const parent = answering?.id ?? null;
  const label = answering === null ? strings.talk.write : strings.talk.answer;
  const over = unsent.text.trim().length - MOST_CHARS;
  const suggested = suggestionsFor(unsent.text, handles);
  useDropWhatWaits(slug, parent, unsent);

  const send = async (): Promise<void> => {
    const text = unsent.text.trim();
    if (isUnderWay.current || text === '' || over > 0) return;
    isUnderWay.current = true; // a second tap comes before the button is drawn anew
    try {
      const made = await write.mutateAsync({ text, parent });
      unsent.setText('');
      toast(made === null ? strings.talk.queued : made.state === 'held' ? strings.talk.heldSent : strings.talk.sent);
      onSent(made);
    } catch {
      // `write.error` has it; the text stays where it is.
    } finally {
      isUnderWay.current = false;
    }
  };
  const type = (text: string): void => {
    if (write.isError) write.reset();
    unsent.setText(text);
  };

  return (
    <View style={[styles.composer, { backgroundColor: colours.surface, borderColor: colours.line }]}>
      {write.isError && <Refusal failure={write.error} onSignIn={goSignIn} />}
      {answering !== null && (
        <View style={styles.line}>
          <Text as="small" tone="quiet" style={styles.fill}>
            {strings.talk.answering(writerOf(answering))}
          </Text>
          <IconButton icon="close" label={strings.talk.stopAnswering} onPress={onStopAnswering} />
        </View>
      )}
      {suggested.length > 0 && (
        <View style={styles.chips}>
          {suggested.map((handle) => (
            <Chip key={handle} label={`@${handle}`} onPress={() => type(unsent.text.replace(BEGUN, `$1@${handle} `))} />
          ))}
        </View>
      )}
      <View style={styles.line}>
        <TextInput
          accessibilityLabel={label}
          placeholder={label}
          placeholderTextColor={colours.quiet}
          multiline
          {...FIRST_LINE}
          value={unsent.text}
          editable={unsent.isRead && !write.isPending}
          onChangeText={type}
          onFocus={() => setFocused(true)}
          onBlur={() => setFocused(false)}
          style={[typeOf('body'), styles.input, GROWS, { color: colours.ink, backgroundColor: colours.ground, borderColor: colours.line }]}
        />
        <Button
          label={strings.talk.send}
          busy={write.isPending}
          disabled={unsent.text.trim() === '' || over > 0}
          onPress={() => void send()}
        />
      </View>
      {over > -NEAR_THE_END ? (
        <Text as="small" tone={over > 0 ? 'danger' : 'quiet'} role="status">
          {over > 0 ? strings.talk.tooLong(over) : `${MOST_CHARS + over} / ${MOST_CHARS}`}
        </Text>
      ) : (
        (isFocused || unsent.text !== '') && (
          <Text as="small" tone="quiet">
            {strings.talk.howTo}
          </Text>
        )
      )}
    </View>
  );
}

function Refusal({ failure, onSignIn }: { failure: unknown; onSignIn: () => void }) {
  const { colours } = useTheme();
  const trouble = asTrouble(failure);
  const words = wordsOf(trouble);
  return (
    <View role="alert" style={[styles.refusal, { backgroundColor: colours.dangerSoft }]}>
      <Text as="label" tone="danger">
        {words.title}
      </Text>
      <Text as="small">{words.body}</Text>
      <Text as="small" tone="quiet">
        {strings.talk.refused}
      </Text>
      {trouble.kind === 'signed-out' && <Button label={words.action} kind="plain" onPress={onSignIn} />}
    </View>
  );
}

/** The app may have ended while this text was on its way: then the outbox has it, and it must not be sent twice. */
function useDropWhatWaits(slug: string, parent: string | null, unsent: Unsent): void {
  const { isRead, text, setText } = unsent;
  useEffect(() => {
    if (!isRead || text === '') return;
    const waits = outbox.entries
      .get()
      .some(({ act }) => act.t === 'comment' && act.slug === slug && act.parent === parent && act.text === text.trim());
    if (waits) setText('');
    // Only what was read from the disk is looked at, not what is typed or being sent.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [isRead, slug, parent]);
}

/** In a browser the field is as high as its text; a phone does that by itself. */
const FIRST_LINE = Platform.OS === 'web' ? { rows: 1 } : {};
const GROWS = Platform.select({ web: { fieldSizing: 'content' } as unknown as TextStyle, default: {} });

const BEGUN = /(^|[^\w@./-])@([a-z0-9_-]*)$/i;

/** Who may be meant by a mention that is begun at the end of the text. */
export function suggestionsFor(text: string, handles: string[]): string[] {
  const begun = BEGUN.exec(text)?.[2]?.toLowerCase();
  if (begun === undefined) return [];
  return handles.filter((handle) => handle.toLowerCase().startsWith(begun)).slice(0, 4);
}

const styles = StyleSheet.create({
  composer: { borderTopWidth: StyleSheet.hairlineWidth, padding: space.m, gap: space.s },
  line: { flexDirection: 'row', flexWrap: 'wrap', alignItems: 'flex-end', justifyContent: 'flex-end', gap: space.s },
  chips: { flexDirection: 'row', flexWrap: 'wrap', gap: space.s },
  fill: { flex: 1, alignSelf: 'center' },
  input: { flexGrow: 1, flexShrink: 1, flexBasis: 200, minWidth: 0, minHeight: TARGET, maxHeight: 180, borderWidth: 1, borderRadius: radius.m, paddingHorizontal: space.m, paddingVertical: space.s },
  refusal: { borderRadius: radius.m, padding: space.m, gap: space.xs },
});
