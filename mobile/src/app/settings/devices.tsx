import { useQuery } from '@tanstack/react-query';
import { Stack } from 'expo-router';

import { devicesOptions, useEndDevice, usePairCode } from '@/api/queries/people';
import { asTrouble } from '@/api/trouble';
import { Button } from '@/components/Button';
import { Pane } from '@/components/Pane';
import { Qr } from '@/components/Qr';
import { Group, Row } from '@/components/Row';
import { SignedOut } from '@/components/SignedOut';
import { Failure, Loading } from '@/components/States';
import { Text } from '@/components/Text';
import { pairLink } from '@/lib/deepLinks';
import { ago } from '@/lib/time';
import { useSession } from '@/state/session';
import { strings, wordsOf } from '@/strings';

const words = strings.you;

export default function Devices() {
  const { person } = useSession();
  const devices = useQuery({ ...devicesOptions(), enabled: person !== null });
  const ending = useEndDevice();
  const refusal = ending.error === null ? null : wordsOf(asTrouble(ending.error));
  const items = devices.data?.items ?? [];
  const others = items.filter((one) => !one.is_current);
  return (
    <Pane>
      <Stack.Screen options={{ title: words.devices }} />
      {person === null ? (
        <SignedOut title={words.signedOut} />
      ) : (
        <>
          <AddPhone />
          {devices.isPending ? (
            <Loading />
          ) : devices.isError ? (
            <Failure trouble={devices.error} onRetry={() => void devices.refetch()} />
          ) : (
            <>
              <Group title={words.devices}>
                {items.map((one) => (
                  <Row
                    key={one.id}
                    icon={one.kind === 'app' ? 'phone' : 'explore'}
                    label={one.name}
                    detail={one.is_current ? words.thisDevice : words.lastUsed(ago(one.last_used_at))}
                  />
                ))}
              </Group>
              {others.map((one) => (
                <Button key={one.id} kind="danger" label={words.endDevice(one.name)} disabled={ending.isPending} onPress={() => ending.mutate(one.id)} />
              ))}
              {others.length > 1 && <Button kind="danger" label={words.endOthers} disabled={ending.isPending} onPress={() => ending.mutate(null)} />}
            </>
          )}
          {refusal !== null && (
            <Text role="alert" tone="danger">
              {`${refusal.title}. ${refusal.body}`}
            </Text>
          )}
        </>
      )}
    </Pane>
  );
}

function AddPhone() {
  const { origin } = useSession();
  const code = usePairCode();
  const refusal = code.error === null ? null : wordsOf(asTrouble(code.error));
  if (code.data === undefined) {
    return (
      <>
        <Button icon="plus" label={words.addPhone} busy={code.isPending} onPress={() => code.mutate()} />
        {refusal !== null && (
          <Text role="alert" tone="danger">
            {`${refusal.title}. ${refusal.body}`}
          </Text>
        )}
      </>
    );
  }
  const until = new Date(code.data.expires_at).toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' });
  const link = pairLink(origin, code.data.code);
  return (
    <>
      <Text tone="quiet">{words.addPhoneBody}</Text>
      <Qr text={link} label={link} />
      <Text as="display" selectable style={{ textAlign: 'center', letterSpacing: 2 }}>
        {code.data.code}
      </Text>
      <Text as="small" tone="quiet" style={{ textAlign: 'center' }}>
        {words.codeUntil(until)}
      </Text>
      <Text as="small" tone="quiet" selectable style={{ textAlign: 'center' }}>
        {link}
      </Text>
      <Button kind="plain" label={words.newCode} busy={code.isPending} onPress={() => code.mutate()} />
    </>
  );
}
