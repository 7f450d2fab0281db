import { useEffect, useRef } from 'react';
import { StyleSheet, View } from 'react-native';

import type { Answer, Comment } from '@/api/queries/comments';
import { ago } from '@/lib/time';
import { strings } from '@/strings';
import { radius, space, useTheme } from '@/theme';

import { Avatar } from './Avatar';
import { CommentText } from './CommentText';
import { IconButton } from './IconButton';
import { Text } from './Text';
import { TextButton } from './TextButton';

export type Said = Comment | Answer;

export interface CommentActs {
  onReply: (said: Said) => void;
  onMenu: (said: Said) => void;
  /** Where the marked comment stands, once it does. */
  onMarked: (place: View) => void;
}

interface Props extends CommentActs {
  said: Said;
  /** Whom it answers, where that is not the thread's first. */
  to?: string | null;
  isMarked: boolean;
}

export function CommentRow({ said, to = null, isMarked, onReply, onMenu, onMarked }: Props) {
  const { colours } = useTheme();
  const place = useRef<View>(null);
  useEffect(() => {
    if (isMarked && place.current !== null) onMarked(place.current);
    // Told once for each mark: `onMarked` is another function at every drawing.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [isMarked]);
  const marked = isMarked && { backgroundColor: colours.accentSoft, borderColor: colours.accent };
  return (
    <View ref={place} collapsable={false} style={[styles.row, { borderColor: 'transparent' }, marked]} testID={`comment-${said.id}`}>
      {isMarked && (
        <Text as="small" tone="accent">
          {said.viewer?.is_mine ? strings.talk.markedMine : strings.talk.marked}
        </Text>
      )}
      {isStub(said) ? (
        <Text as="small" tone="quiet" style={styles.stub}>
          {strings.talk.stubs[said.state]}
        </Text>
      ) : (
        <>
          <Byline said={said} to={to} />
          {said.state === 'held' && (
            <Text as="small" tone="warn">
              {strings.talk.held}
            </Text>
          )}
          <CommentText blocks={said.blocks} />
          <View style={styles.acts}>
            {said.state === 'shown' && (
              <TextButton label={strings.talk.reply} says={strings.talk.replyTo(writerOf(said))} onPress={() => onReply(said)} />
            )}
            <View style={styles.fill} />
            <IconButton icon="more" label={strings.talk.more(writerOf(said))} onPress={() => onMenu(said)} />
          </View>
        </>
      )}
    </View>
  );
}

export function writerOf(said: Said): string {
  return said.author?.name ?? strings.talk.nobody;
}

function Byline({ said, to }: { said: Said; to: string | null }) {
  const when = [ago(said.created_at), said.edited_at !== null && strings.talk.edited].filter(Boolean).join(' · ');
  return (
    <View style={styles.byline}>
      <Avatar name={writerOf(said)} avatar={said.author?.avatar ?? null} />
      <View style={styles.fill}>
        <Text as="label">
          {writerOf(said)}
          {to !== null && (
            <Text as="small" tone="quiet">
              {` ${strings.talk.to(to)}`}
            </Text>
          )}
        </Text>
        <Text as="small" tone="quiet">
          {when}
        </Text>
      </View>
    </View>
  );
}

function isStub(said: Said): said is Said & { state: 'removed' | 'deleted' | 'hidden' } {
  return said.state === 'removed' || said.state === 'deleted' || said.state === 'hidden';
}

const styles = StyleSheet.create({
  row: { gap: space.s, paddingHorizontal: space.m, paddingTop: space.m, borderRadius: radius.m, borderWidth: 1 },
  byline: { flexDirection: 'row', alignItems: 'center', gap: space.s },
  fill: { flex: 1 },
  acts: { flexDirection: 'row', alignItems: 'center', flexWrap: 'wrap' },
  stub: { fontStyle: 'italic', paddingBottom: space.m },
});
