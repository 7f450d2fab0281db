import { useQuery } from '@tanstack/react-query';
import { Tabs } from 'expo-router';
import { Fragment, type ReactNode } from 'react';
import { StyleSheet, View } from 'react-native';

import { unreadOptions } from '@/api/queries/notifications';
import { Icon, type IconName } from '@/components/Icon';
import { Text } from '@/components/Text';
import { identityOf, mayWrite, useSession } from '@/state/session';
import { strings } from '@/strings';
import { useTheme } from '@/theme';

const BAR_HEIGHT = 52;

/** A new tab is a file beside this one and a `Tabs.Screen` here. */
export default function TabsLayout() {
  const session = useSession();
  const theme = useTheme();
  const { colours } = theme;
  const identity = identityOf(session);
  // Larger text makes the bar higher; five names beside each other have no room for more than half as much again.
  const scale = Math.min(1.5, Math.max(1, Number(theme.text('small').fontSize) / 14));
  const tab = (icon: IconName, title: string, mark: ReactNode = null) => ({
    title,
    tabBarIcon: ({ color, focused }: { color: unknown; focused: boolean }) => (
      <View>
        <Icon name={icon} colour={String(color)} filled={focused && icon === 'saved'} />
        {mark}
      </View>
    ),
  });
  return (
    <Tabs
      screenLayout={({ children }) => <Fragment key={identity}>{children}</Fragment>}
      screenOptions={{
        headerShown: false,
        tabBarActiveTintColor: colours.accent,
        tabBarInactiveTintColor: colours.quiet,
        tabBarLabelPosition: 'below-icon',
        tabBarLabelStyle: { fontSize: 11 * scale, lineHeight: 14 * scale },
        tabBarStyle: { backgroundColor: colours.surface, borderTopColor: colours.line, minHeight: BAR_HEIGHT * scale },
        sceneStyle: { backgroundColor: colours.ground },
      }}
    >
      <Tabs.Screen name="index" options={tab('feed', strings.tabs.feed)} />
      <Tabs.Screen name="explore" options={tab('explore', strings.tabs.explore)} />
      {/* Hidden, not gone: what another app shares leads to it, and it says who may use it. */}
      <Tabs.Screen name="desk" options={{ ...tab('desk', strings.tabs.desk), ...(mayWrite(session) ? null : { href: null }) }} />
      <Tabs.Screen name="saved" options={tab('saved', strings.tabs.saved)} />
      <Tabs.Screen name="you" options={tab('you', strings.tabs.you, session.person !== null && <Unread key={identity} />)} />
    </Tabs>
  );
}

/** How many notifications are unread. */
function Unread() {
  const { colours } = useTheme();
  const unread = useQuery({ ...unreadOptions(), refetchInterval: 300_000 }).data ?? 0;
  if (unread === 0) return null;
  return (
    <View style={[styles.mark, { backgroundColor: colours.accent }]}>
      <Text as="label" tone="onAccent" style={styles.count} aria-label={strings.you.unread(unread)}>
        {unread > 99 ? '99+' : unread}
      </Text>
    </View>
  );
}

const styles = StyleSheet.create({
  mark: { position: 'absolute', left: 14, top: -6, minWidth: 18, height: 18, borderRadius: 9, paddingHorizontal: 4, alignItems: 'center', justifyContent: 'center' },
  count: { fontSize: 11, lineHeight: 14 },
});
