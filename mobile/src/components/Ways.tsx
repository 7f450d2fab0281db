import { Link } from 'expo-router';
import { Linking, Pressable, StyleSheet, View } from 'react-native';

import { addressOf, type Schema } from '@/api/client';
import { strings } from '@/strings';
import { space, TARGET } from '@/theme';

import { Text } from './Text';

export type Way = 'signIn' | 'register' | 'pair' | 'forgotten';

const ROUTES = { signIn: '/sign-in', register: '/register', pair: '/pair' } as const;

/** The other ways in. What was asked for first stays where one goes on to. */
export function Ways({ of, next, policy }: { of: readonly Way[]; next?: string; policy?: Schema['SiteView']['sign_up'] }) {
  return (
    <View style={styles.ways}>
      {of.map((way) => {
        if (way === 'forgotten') {
          return (
            <Pressable key={way} role="link" onPress={() => void Linking.openURL(addressOf('/login'))} style={styles.way}>
              <Text as="label" tone="accent">
                {strings.entry.forgotten}
              </Text>
            </Pressable>
          );
        }
        if (way === 'register' && policy === 'closed') return null;
        const params = next === undefined ? {} : { next };
        return (
          <Link key={way} replace href={{ pathname: ROUTES[way], params }} asChild>
            <Pressable style={styles.way}>
              <Text as="label" tone="accent">
                {strings.entry[way]}
              </Text>
            </Pressable>
          </Link>
        );
      })}
    </View>
  );
}

const styles = StyleSheet.create({
  ways: { alignItems: 'center', gap: space.xs },
  way: { minHeight: TARGET, justifyContent: 'center', paddingHorizontal: space.l },
});
