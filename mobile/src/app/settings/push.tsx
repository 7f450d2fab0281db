import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Stack } from 'expo-router';

import { pushKeyOptions, useSubscribePush, useUnsubscribePush } from '@/api/queries/notifications';
import { asTrouble, Trouble } from '@/api/trouble';
import { Button } from '@/components/Button';
import { Pane } from '@/components/Pane';
import { SignedOut } from '@/components/SignedOut';
import { Loading } from '@/components/States';
import { Text } from '@/components/Text';
import { pushState, subscribePush, unsubscribePush } from '@/state/push';
import { useSession } from '@/state/session';
import { strings, wordsOf } from '@/strings';

const words = strings.you;

/** The browser asks the person only once they have pressed. */
export default function Push() {
  const { person } = useSession();
  const client = useQueryClient();
  const state = useQuery({ queryKey: ['push-state'], queryFn: pushState, staleTime: 0, refetchOnWindowFocus: 'always' });
  const subscribe = useSubscribePush();
  const unsubscribe = useUnsubscribePush();
  const settled = (): Promise<unknown> => state.refetch();
  const turnOn = useMutation({
    mutationFn: async () => {
      const { key } = await client.fetchQuery(pushKeyOptions());
      const found = await subscribePush(key);
      if (found?.endpoint === undefined || found.keys === undefined) return;
      const { p256dh = '', auth = '' } = found.keys;
      try {
        await subscribe.mutateAsync({ endpoint: found.endpoint, keys: { p256dh, auth } });
      } catch (failure) {
        await unsubscribePush(); // what the blog does not know of would never be told anything
        throw failure;
      }
    },
    onSettled: settled,
  });
  const turnOff = useMutation({
    mutationFn: async () => {
      const endpoint = await unsubscribePush();
      if (endpoint !== null) await unsubscribe.mutateAsync(endpoint);
    },
    onSettled: settled,
  });
  const failure = turnOn.error ?? turnOff.error;
  const is = state.data;
  return (
    <Pane>
      <Stack.Screen options={{ title: words.push }} />
      <Text tone="quiet">{words.pushBody}</Text>
      {is === undefined ? (
        <Loading />
      ) : person === null ? (
        <SignedOut title={words.pushNeedsAccount} />
      ) : (
        <>
          <Text role="status">{words.pushStates[is]}</Text>
          {is === 'off' && <Button icon="bell" label={words.pushOn} busy={turnOn.isPending} onPress={() => turnOn.mutate()} />}
          {is === 'on' && <Button kind="plain" label={words.pushOff} busy={turnOff.isPending} onPress={() => turnOff.mutate()} />}
          {failure !== null && (
            <Text role="alert" tone="danger">
              {failure instanceof Trouble ? wordsOf(asTrouble(failure)).body : words.pushFailed}
            </Text>
          )}
        </>
      )}
    </Pane>
  );
}
