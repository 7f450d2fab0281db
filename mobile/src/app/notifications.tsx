import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { useRouter } from 'expo-router';
import { FlatList, StyleSheet, View } from 'react-native';

import { itemsOf } from '@/api/queries/cache';
import { notificationsOptions, useMarkRead, type Notification } from '@/api/queries/notifications';
import { asTrouble } from '@/api/trouble';
import { Button } from '@/components/Button';
import { NotificationRow } from '@/components/NotificationRow';
import { SignedOut } from '@/components/SignedOut';
import { Empty, Failure, Loading, OfflineNote } from '@/components/States';
import { toast } from '@/components/Toast';
import { WayBack } from '@/components/WayBack';
import { placeOf } from '@/lib/told';
import { CAN_STREAM } from '@/state/events';
import { useMyEvents } from '@/state/my-events';
import { useSession } from '@/state/session';
import { strings, wordsOf } from '@/strings';
import { space } from '@/theme';

/** Where there is no stream to listen to. */
const ASK_AGAIN_MS = 30_000;

export default function NotificationsScreen() {
  const { person } = useSession();
  return (
    <View role="main" style={styles.screen}>
      <WayBack title={strings.notifications.title} />
      <OfflineNote />
      {person === null ? <SignedOut title={strings.notifications.signedOut} body={strings.notifications.signedOutBody} /> : <Told />}
    </View>
  );
}

function Told() {
  const router = useRouter();
  const told = useInfiniteQuery({ ...notificationsOptions(), staleTime: 0, refetchInterval: CAN_STREAM ? false : ASK_AGAIN_MS });
  const read = useMarkRead();
  const items = itemsOf(told.data);
  const latest = items[0];
  const client = useQueryClient();
  useMyEvents(({ event }) => {
    if (event === 'notification' || event === 'reset') void client.invalidateQueries({ queryKey: ['notifications'] });
  });
  if (told.isPending) return <Loading />;
  if (told.isError && items.length === 0) return <Failure trouble={told.error} onRetry={() => void told.refetch()} />;
  const open = (one: Notification): void => {
    if (one.read_at === null) read.mutate({ ids: [one.id] }); // what is not marked now is still unread the next time
    const place = placeOf(one);
    if (place !== null) router.push(place);
  };
  const readAll = (): void => {
    if (latest !== undefined) read.mutate({ until: latest.id }, { onError: (failure) => toast(wordsOf(asTrouble(failure)).title) });
  };
  const hasUnread = items.some((one) => one.read_at === null);
  return (
    <FlatList
      data={items}
      keyExtractor={(one) => one.id}
      renderItem={({ item }) => (
        <View style={styles.column}>
          <NotificationRow told={item} onOpen={() => open(item)} />
        </View>
      )}
      onEndReached={() => told.hasNextPage && !told.isFetching && void told.fetchNextPage()}
      refreshing={false}
      onRefresh={() => void told.refetch()}
      ListHeaderComponent={
        hasUnread ? (
          <View style={[styles.column, styles.acts]}>
            <Button kind="plain" icon="check" label={strings.notifications.readAll} busy={read.isPending} onPress={readAll} />
          </View>
        ) : null
      }
      ListEmptyComponent={<Empty title={strings.notifications.empty} body={strings.notifications.emptyBody} />}
      ListFooterComponent={told.isFetchingNextPage ? <Loading /> : null}
    />
  );
}

const styles = StyleSheet.create({
  screen: { flex: 1 },
  column: { width: '100%', maxWidth: 720, alignSelf: 'center' },
  acts: { padding: space.l, alignItems: 'flex-start' },
});
