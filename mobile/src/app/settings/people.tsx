import { useInfiniteQuery } from '@tanstack/react-query';
import { Stack } from 'expo-router';
import { StyleSheet, View } from 'react-native';

import type { Schema } from '@/api/client';
import { itemsOf } from '@/api/queries/cache';
import { aversionsOptions, useAversion } from '@/api/queries/people';
import { asTrouble } from '@/api/trouble';
import { Button } from '@/components/Button';
import { Pane } from '@/components/Pane';
import { Group } from '@/components/Row';
import { SignedOut } from '@/components/SignedOut';
import { Empty, Failure, Loading } from '@/components/States';
import { Text } from '@/components/Text';
import { useSession } from '@/state/session';
import { strings, wordsOf } from '@/strings';
import { space } from '@/theme';

const words = strings.you;

export default function People() {
  const { person } = useSession();
  const aversions = useInfiniteQuery({ ...aversionsOptions(), enabled: person !== null });
  const people = itemsOf(aversions.data);
  return (
    <Pane>
      <Stack.Screen options={{ title: words.people }} />
      {person === null ? (
        <SignedOut title={words.signedOut} />
      ) : aversions.isPending ? (
        <Loading />
      ) : aversions.isError && people.length === 0 ? (
        <Failure trouble={aversions.error} onRetry={() => void aversions.refetch()} />
      ) : people.length === 0 ? (
        <Empty title={words.nobody} body={words.nobodyBody} />
      ) : (
        <>
          <Group>
            {people.map((one) => (
              <Aversion key={`${one.kind} ${one.handle}`} of={one} />
            ))}
          </Group>
          {aversions.hasNextPage && <Button kind="plain" label={words.more} busy={aversions.isFetchingNextPage} onPress={() => void aversions.fetchNextPage()} />}
        </>
      )}
    </Pane>
  );
}

function Aversion({ of }: { of: Schema['AversionView'] }) {
  const ending = useAversion(of.handle, of.kind);
  const isBlock = of.kind === 'block';
  return (
    <View style={styles.person}>
      <View style={styles.words}>
        <Text>{of.name}</Text>
        <Text as="small" tone="quiet">{`@${of.handle} · ${isBlock ? words.blocked : words.muted}`}</Text>
        {ending.error !== null && (
          <Text role="alert" as="small" tone="danger">
            {wordsOf(asTrouble(ending.error)).body}
          </Text>
        )}
      </View>
      <Button kind="plain" label={isBlock ? words.unblock : words.unmute} busy={ending.isPending} onPress={() => ending.mutate(false)} />
    </View>
  );
}

const styles = StyleSheet.create({
  person: { flexDirection: 'row', flexWrap: 'wrap', alignItems: 'center', gap: space.m, padding: space.l },
  words: { flexGrow: 1, minWidth: 120 },
});
