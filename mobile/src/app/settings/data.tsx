import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Stack } from 'expo-router';

import { Button } from '@/components/Button';
import { Pane } from '@/components/Pane';
import { Group, Row, SwitchRow } from '@/components/Row';
import { toast } from '@/components/Toast';
import { clearOfflineCopies, keptBytes } from '@/state/farewell';
import { setPrefs, usePrefs } from '@/state/prefs';
import { identityOf, useSession } from '@/state/session';
import { strings } from '@/strings';

const words = strings.you;

export default function DataUse() {
  const { dataSaver } = usePrefs();
  const identity = identityOf(useSession());
  const client = useQueryClient();
  const kept = useQuery({ queryKey: ['kept-bytes'], queryFn: keptBytes, staleTime: 0 });
  const clearing = useMutation({
    mutationFn: async () => {
      client.removeQueries({ predicate: (query) => query.meta?.kept === true && query.getObserversCount() === 0 });
      await clearOfflineCopies(identity);
    },
    onSuccess: () => {
      toast(words.cleared);
      void kept.refetch();
    },
  });
  return (
    <Pane>
      <Stack.Screen options={{ title: words.dataUse }} />
      <Group>
        <SwitchRow label={words.dataSaver} detail={words.dataSaverBody} on={dataSaver} onChange={(on) => void setPrefs({ dataSaver: on })} />
        <Row label={words.kept} detail={kept.data === undefined ? undefined : words.keptSize(sizeOf(kept.data))} />
      </Group>
      <Button kind="plain" label={words.clear} busy={clearing.isPending} onPress={() => clearing.mutate()} />
    </Pane>
  );
}

function sizeOf(bytes: number): string {
  const megabytes = bytes / 1024 ** 2;
  return megabytes < 1 ? `${Math.ceil(bytes / 1024)} KB` : `${megabytes.toFixed(1)} MB`;
}
