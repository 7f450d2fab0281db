import { useQuery } from '@tanstack/react-query';
import Constants from 'expo-constants';
import { Stack } from 'expo-router';
import { Linking } from 'react-native';

import { addressOf } from '@/api/client';
import { siteOptions } from '@/api/queries/site';
import { Pane } from '@/components/Pane';
import { Group, Row } from '@/components/Row';
import { Text } from '@/components/Text';
import { useSession } from '@/state/session';
import { strings } from '@/strings';

const words = strings.you;

export default function About() {
  const { origin } = useSession();
  const site = useQuery(siteOptions()).data;
  const open = (path: string) => () => void Linking.openURL(addressOf(path));
  return (
    <Pane>
      <Stack.Screen options={{ title: words.about }} />
      <Text as="display">{site?.title ?? strings.appName}</Text>
      {site !== undefined && site.tagline !== '' && <Text as="lead">{site.tagline}</Text>}
      {site !== undefined && site.description !== '' && <Text>{site.description}</Text>}
      <Group>
        <Row label={origin} detail={site === undefined ? undefined : words.aboutServer(site.version)} />
        <Row label={words.plainReader} onPress={open('/')} />
        <Row label={words.feedLink} onPress={open('/feed.xml')} />
      </Group>
      <Text tone="quiet">{words.aboutBody}</Text>
      <Text as="small" tone="quiet">
        {words.aboutApp(Constants.expoConfig?.version ?? '')}
      </Text>
    </Pane>
  );
}
