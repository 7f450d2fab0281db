import { Tabs } from 'expo-router';

import { Icon } from '@/components/Icon';
import { strings } from '@/strings';
import { useTheme } from '@/theme';

/** A new tab is a file beside this one and a `Tabs.Screen` here. */
export default function TabsLayout() {
  const { colours } = useTheme();
  return (
    <Tabs
      screenOptions={{
        headerShown: false,
        tabBarActiveTintColor: colours.accent,
        tabBarInactiveTintColor: colours.quiet,
        tabBarStyle: { backgroundColor: colours.surface, borderTopColor: colours.line },
        sceneStyle: { backgroundColor: colours.ground },
      }}
    >
      <Tabs.Screen
        name="index"
        options={{ title: strings.tabs.feed, tabBarIcon: ({ color }) => <Icon name="feed" colour={String(color)} /> }}
      />
    </Tabs>
  );
}
