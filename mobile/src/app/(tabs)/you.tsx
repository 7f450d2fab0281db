import { useQuery } from '@tanstack/react-query';
import { useRouter, type Href } from 'expo-router';
import { useState } from 'react';
import { Linking, ScrollView, StyleSheet, View } from 'react-native';

import { addressOf, IS_WEB } from '@/api/client';
import { unreadOptions } from '@/api/queries/notifications';
import { siteOptions } from '@/api/queries/site';
import { Avatar } from '@/components/Avatar';
import { Button } from '@/components/Button';
import { Group, Row } from '@/components/Row';
import { Screen } from '@/components/Screen';
import { SignOutSheet } from '@/components/SignOutSheet';
import { Text } from '@/components/Text';
import { useOutbox } from '@/state/outbox';
import { useSession, type Person } from '@/state/session';
import { strings } from '@/strings';
import { space } from '@/theme';

const words = strings.you;

export default function You() {
  const router = useRouter();
  const { person, origin } = useSession();
  const site = useQuery(siteOptions());
  const unread = useQuery({ ...unreadOptions(), enabled: person !== null }).data ?? 0;
  const { pending, parked } = useOutbox();
  const [isLeaving, setLeaving] = useState(false);
  const go = (to: Href) => () => router.push(to);
  const hasUnsent = pending + parked.length > 0;
  return (
    <Screen title={words.title}>
      <ScrollView contentContainerStyle={styles.content}>
        {person === null ? <Nobody policy={site.data?.sign_up} /> : <Somebody person={person} />}
        {hasUnsent && (
          <Group>
            <Row icon="offline" label={words.outbox} detail={words.outboxDetail(pending, parked.length)} onPress={go('/settings/outbox')} />
          </Group>
        )}
        {person !== null && (
          <Group title={words.account}>
            <Row icon="bell" label={words.notifications} detail={unread > 0 ? String(unread) : undefined} onPress={go('/notifications' as Href)} />
            <Row icon="you" label={words.profile} onPress={go('/settings/profile')} />
            <Row icon="phone" label={words.devices} onPress={go('/settings/devices')} />
            <Row icon="hide" label={words.people} onPress={go('/settings/people')} />
            <Row icon="lock" label={words.security} onPress={go('/settings/account')} />
          </Group>
        )}
        <Group title={words.reading}>
          <Row icon="text" label={words.readingSettings} onPress={go('/settings/reading')} />
          <Row icon="bell" label={words.push} onPress={go('/settings/push')} />
          <Row icon="saved" label={words.dataUse} onPress={go('/settings/data')} />
          {!hasUnsent && <Row icon="offline" label={words.outbox} onPress={go('/settings/outbox')} />}
        </Group>
        <Group title={words.blog}>
          <Row icon="feed" label={site.data?.title ?? strings.appName} detail={origin} onPress={go('/settings/about')} />
          {IS_WEB ? (
            <Row icon="explore" label={words.plainReader} onPress={() => void Linking.openURL(addressOf('/'))} />
          ) : (
            <Row icon="explore" label={words.otherBlog} onPress={go('/connect')} />
          )}
        </Group>
        {person !== null && <Button kind="danger" label={words.signOut} onPress={() => setLeaving(true)} />}
      </ScrollView>
      <SignOutSheet open={isLeaving} onClose={() => setLeaving(false)} />
    </Screen>
  );
}

function Somebody({ person }: { person: Person }) {
  const role = words.role[person.role];
  return (
    <View style={styles.person}>
      <Avatar name={person.name} avatar={person.avatar} size={64} />
      <View style={styles.words}>
        <Text as="title">{person.name}</Text>
        <Text tone="quiet">{[`@${person.handle}`, role].filter(Boolean).join(' · ')}</Text>
        {person.bio !== '' && (
          <Text as="small" numberOfLines={3}>
            {person.bio}
          </Text>
        )}
      </View>
    </View>
  );
}

function Nobody({ policy }: { policy: string | undefined }) {
  const router = useRouter();
  return (
    <View style={styles.nobody}>
      <Text as="heading">{words.signedOut}</Text>
      <Text tone="quiet">{words.signedOutBody}</Text>
      <Button label={strings.entry.signIn} onPress={() => router.push('/sign-in')} />
      {policy !== 'closed' && <Button kind="plain" label={strings.entry.register} onPress={() => router.push('/register')} />}
      <Button kind="plain" label={strings.entry.pair} onPress={() => router.push('/pair')} />
    </View>
  );
}

const styles = StyleSheet.create({
  content: { padding: space.l, paddingBottom: space.xxl, gap: space.xl, width: '100%', maxWidth: 600, alignSelf: 'center' },
  person: { flexDirection: 'row', alignItems: 'center', gap: space.l },
  words: { flex: 1, minWidth: 0, gap: space.xs },
  nobody: { gap: space.m },
});
