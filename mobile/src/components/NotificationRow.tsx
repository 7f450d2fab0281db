import { Pressable, StyleSheet, View } from 'react-native';

import type { Notification } from '@/api/queries/notifications';
import { ago } from '@/lib/time';
import { excerptOf, wordsOfNotification } from '@/lib/told';
import { strings } from '@/strings';
import { radius, space, TARGET, useTheme } from '@/theme';

import { Avatar } from './Avatar';
import { Icon } from './Icon';
import { Text } from './Text';

/** One thing that happened. What is unread is marked by more than a colour. */
export function NotificationRow({ told, onOpen }: { told: Notification; onOpen: () => void }) {
  const { colours } = useTheme();
  const isUnread = told.read_at === null;
  const excerpt = excerptOf(told);
  return (
    <Pressable
      role="link"
      onPress={onOpen}
      style={[styles.row, { borderColor: colours.line, backgroundColor: isUnread ? colours.surface : colours.ground }]}
    >
      {told.by === null ? (
        <View aria-hidden style={[styles.sign, { backgroundColor: colours.accentSoft }]}>
          <Icon name={told.kind === 'post' ? 'feed' : 'check'} size={20} tone="accent" />
        </View>
      ) : (
        <Avatar name={told.by.name} avatar={told.by.avatar} size={36} />
      )}
      <View style={styles.fill}>
        <Text as={isUnread ? 'strong' : 'body'}>{wordsOfNotification(told)}</Text>
        {excerpt !== null && (
          <Text tone="quiet" numberOfLines={2}>
            {excerpt}
          </Text>
        )}
        <Text as="small" tone="quiet">
          {ago(told.created_at)}
        </Text>
      </View>
      {isUnread && <View role="img" aria-label={strings.notifications.unread} style={[styles.dot, { backgroundColor: colours.accent }]} />}
    </Pressable>
  );
}

const styles = StyleSheet.create({
  row: { flexDirection: 'row', gap: space.m, padding: space.l, minHeight: TARGET, borderBottomWidth: StyleSheet.hairlineWidth },
  sign: { width: 36, height: 36, borderRadius: radius.round, alignItems: 'center', justifyContent: 'center' },
  fill: { flex: 1, gap: space.xs },
  dot: { width: 10, height: 10, borderRadius: radius.round, marginTop: space.s },
});
