import { useInfiniteQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { StyleSheet, View } from 'react-native';

import { itemsOf } from '@/api/queries/cache';
import { answersOptions, type Answer, type Comment } from '@/api/queries/comments';
import { asTrouble } from '@/api/trouble';
import { strings, wordsOf } from '@/strings';
import { space, useTheme } from '@/theme';

import { Button } from './Button';
import { CommentRow, writerOf, type CommentActs } from './CommentRow';
import { Text } from './Text';

interface Props extends CommentActs {
  comment: Comment;
  /** The comment that is looked for: itself, one of its answers, or elsewhere. */
  target: string | null;
  /** Whether the comment that is looked for is one of this thread's answers. */
  holdsTarget: boolean;
}

/** A comment and its answers; further ones come by the page. */
export function CommentThread({ comment, target, holdsTarget, ...acts }: Props) {
  const { colours } = useTheme();
  const [isOpened, setOpened] = useState(false);
  const isOpen = isOpened || (holdsTarget && target !== comment.id);
  const further = useInfiniteQuery(answersOptions(comment.id, isOpen ? comment.next_answers : null));
  const answers = withoutDoubles([...comment.answers, ...itemsOf(further.data)]);
  const hasTarget = target === comment.id || answers.some((one) => one.id === target);
  const isMore = comment.next_answers !== null && (further.data === undefined || further.hasNextPage);
  const { hasNextPage, isFetching, fetchNextPage } = further;

  useEffect(() => {
    if (holdsTarget && !hasTarget && hasNextPage && !isFetching && !further.isError) void fetchNextPage();
  }, [holdsTarget, hasTarget, hasNextPage, isFetching, fetchNextPage, further.isError]);

  const nameOf = (answer: Answer): string | null => {
    if (answer.answers_to === null || answer.answers_to === comment.id) return null;
    const answered = answers.find((one) => one.id === answer.answers_to);
    return answered?.author == null ? null : writerOf(answered);
  };
  const goOn = (): void => {
    setOpened(true);
    if (further.isError) void further.refetch();
    else if (hasNextPage) void fetchNextPage();
  };

  return (
    <View role="article" style={styles.thread}>
      <CommentRow said={comment} isMarked={target === comment.id} {...acts} />
      {(answers.length > 0 || isMore) && (
        <View style={[styles.answers, { borderColor: colours.line }]}>
          {answers.map((answer) => (
            <CommentRow key={answer.id} said={answer} to={nameOf(answer)} isMarked={target === answer.id} {...acts} />
          ))}
          {further.isError && (
            <Text as="small" tone="danger" role="alert">
              {wordsOf(asTrouble(further.error)).title}
            </Text>
          )}
          {isMore && <Button label={strings.talk.moreAnswers} kind="plain" busy={isOpen && isFetching} onPress={goOn} />}
        </View>
      )}
    </View>
  );
}

/** An answer that came while one paged may stand on two pages. */
function withoutDoubles(answers: Answer[]): Answer[] {
  return [...new Map(answers.map((one) => [one.id, one])).values()];
}

const styles = StyleSheet.create({
  thread: { gap: space.xs },
  answers: { marginLeft: space.l, paddingLeft: space.s, borderLeftWidth: 2, gap: space.xs },
});
