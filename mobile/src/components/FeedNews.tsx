/** "3 new posts": the only way by which they enter the feed, besides pulling. */
import { useQuery } from '@tanstack/react-query';
import { useFocusEffect } from 'expo-router';
import { useCallback } from 'react';
import { AppState, Pressable, StyleSheet, View } from 'react-native';

import { feedSinceOptions } from '@/api/queries/feed';
import { CAN_STREAM, listen } from '@/state/events';
import { useSession } from '@/state/session';
import { strings } from '@/strings';
import { radius, space, TARGET, useTheme } from '@/theme';

import { Icon } from './Icon';
import { Text } from './Text';

export function FeedNews({ head, onPress }: { head: string | null; onPress: () => void }) {
  const { colours } = useTheme();
  const posts = useNews(head);
  if (posts === 0) return null;
  return (
    <View pointerEvents="box-none" role="status" style={styles.place}>
      <Pressable role="button" onPress={onPress} style={[styles.pill, { backgroundColor: colours.accent }]}>
        <Icon name="renew" size={18} tone="onAccent" />
        <Text as="label" tone="onAccent">
          {strings.feed.news(posts)}
        </Text>
      </Pressable>
    </View>
  );
}

/** Asked when the feed is looked at, when the app comes to the front, and when the blog tells of a post. */
function useNews(head: string | null): number {
  const { data, refetch } = useQuery(feedSinceOptions(head));
  const { person } = useSession();
  const isHeard = CAN_STREAM && person !== null;
  useFocusEffect(
    useCallback(() => {
      if (head === null) return;
      const look = (): void => void refetch();
      let deafen = (): void => {};
      const hear = (): void => {
        deafen();
        if (isHeard) deafen = listen('/api/v1/me/events', ({ event }) => (event === 'post' || event === 'reset') && look());
      };
      look();
      hear();
      const active = AppState.addEventListener('change', (state) => {
        if (state !== 'active') return deafen();
        look();
        hear();
      });
      return () => {
        deafen();
        active.remove();
      };
    }, [head, isHeard, refetch]),
  );
  return data?.new ?? 0;
}

const styles = StyleSheet.create({
  place: { position: 'absolute', top: space.s, left: 0, right: 0, alignItems: 'center', zIndex: 1 },
  pill: { minHeight: TARGET, flexDirection: 'row', alignItems: 'center', gap: space.s, paddingHorizontal: space.l, borderRadius: radius.round, boxShadow: '0 2px 10px rgba(0, 0, 0, 0.25)' },
});
