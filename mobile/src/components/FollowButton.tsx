import { Pressable, StyleSheet } from 'react-native';

import { useFollow } from '@/api/queries/social';
import { asTrouble } from '@/api/trouble';
import { tick } from '@/lib/haptics';
import { useSession } from '@/state/session';
import { strings, wordsOf } from '@/strings';
import { radius, space, TARGET, useTheme } from '@/theme';

import { useSignIn } from './SignedOut';
import { Text } from './Text';
import { toast } from './Toast';

interface Props {
  of: 'author' | 'tag';
  /** The author's handle, or the tag. */
  name: string;
  /** What it is called to people. */
  label: string;
  following: boolean;
}

/** Shown as done at once, sent through the outbox, and taken back if the blog refuses. */
export function FollowButton({ of, name, label, following }: Props) {
  const { colours } = useTheme();
  const isKnown = useSession().person !== null;
  const goSignIn = useSignIn();
  const follow = useFollow(of, name);
  const press = (): void => {
    if (!isKnown) return goSignIn();
    tick();
    follow.mutate(!following, {
      onError: (failure) => {
        const said = following ? strings.follows.notUnfollowed(label) : strings.follows.notFollowed(label);
        toast(`${said}. ${wordsOf(asTrouble(failure)).body}`);
      },
    });
  };
  const look = following
    ? { backgroundColor: colours.accentSoft, borderColor: colours.accentSoft }
    : { backgroundColor: colours.ground, borderColor: colours.accent };
  return (
    <Pressable
      role="button"
      aria-pressed={following}
      aria-label={following ? `${strings.follows.following}: ${label}` : strings.follows.followOf(label)}
      onPress={press}
      style={[styles.button, look]}
    >
      <Text as="label" tone="accent">
        {following ? strings.follows.following : strings.follows.follow}
      </Text>
    </Pressable>
  );
}

const styles = StyleSheet.create({
  button: { minHeight: TARGET, paddingHorizontal: space.m, borderRadius: radius.round, borderWidth: 1, justifyContent: 'center' },
});
