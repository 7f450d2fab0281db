import { useQuery } from '@tanstack/react-query';
import { useRouter } from 'expo-router';
import { StyleSheet, View } from 'react-native';

import { unreadOptions } from '@/api/queries/notifications';
import { useSession } from '@/state/session';
import { strings } from '@/strings';
import { radius, space, useTheme } from '@/theme';

import { IconButton } from './IconButton';
import { Text } from './Text';

const ASK_AGAIN_MS = 120_000;

/** The way to the notifications, with the number of those that are unread; nothing for who is signed out. */
export function Bell() {
  const isKnown = useSession().person !== null;
  const router = useRouter();
  const { colours } = useTheme();
  const count = useQuery({ ...unreadOptions(), enabled: isKnown, refetchInterval: ASK_AGAIN_MS, refetchOnWindowFocus: true });
  if (!isKnown) return null;
  const unread = count.data ?? 0;
  return (
    <View>
      <IconButton icon="bell" label={strings.notifications.open(unread)} onPress={() => router.push('/notifications')} />
      {unread > 0 && (
        <View aria-hidden pointerEvents="none" style={[styles.badge, { backgroundColor: colours.accent }]}>
          <Text as="label" tone="onAccent" style={styles.number}>
            {strings.notifications.many(unread)}
          </Text>
        </View>
      )}
    </View>
  );
}

const styles = StyleSheet.create({
  badge: { position: 'absolute', top: 2, right: 0, minWidth: 18, paddingHorizontal: space.xs, borderRadius: radius.round, alignItems: 'center' },
  number: { fontSize: 11, lineHeight: 18 },
});
