/** "3 new posts": the only way by which they enter the feed, besides pulling. */
import { useQuery } from '@tanstack/react-query';
import { useFocusEffect } from 'expo-router';
import { useCallback } from 'react';
import { AppState, Pressable, StyleSheet, View } from 'react-native';

import { feedSinceOptions } from '@/api/queries/feed';
import { useMyEvents } from '@/state/my-events';
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
  const look = (): void => void (head !== null && refetch());
  useMyEvents(({ event }) => (event === 'post' || event === 'reset') && look());
  useFocusEffect(
    useCallback(() => {
      if (head === null) return;
      void refetch();
      const active = AppState.addEventListener('change', (state) => void (state === 'active' && refetch()));
      return () => active.remove();
    }, [head, refetch]),
  );
  return data?.new ?? 0;
}

const styles = StyleSheet.create({
  place: { position: 'absolute', top: space.s, left: 0, right: 0, alignItems: 'center', zIndex: 1 },
  pill: { minHeight: TARGET, flexDirection: 'row', alignItems: 'center', gap: space.s, paddingHorizontal: space.l, borderRadius: radius.round, boxShadow: '0 2px 10px rgba(0, 0, 0, 0.25)' },
});
