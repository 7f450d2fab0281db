import { useMutation } from '@tanstack/react-query';
import { Redirect, useLocalSearchParams, useRouter } from 'expo-router';
import { useState } from 'react';
import { ScrollView, StyleSheet } from 'react-native';

import { IS_WEB } from '@/api/client';
import { Button } from '@/components/Button';
import { Field } from '@/components/Field';
import { Form } from '@/components/Form';
import { Screen } from '@/components/Screen';
import { Text } from '@/components/Text';
import { refusalOf } from '@/lib/connecting';
import { connect, probe } from '@/state/session';
import { strings } from '@/strings';
import { space } from '@/theme';

/** Native only: a browser is connected to where the app came from. A `blogen://pair` link fills it in. */
export default function ConnectScreen() {
  const asked = useLocalSearchParams<{ server?: string; code?: string }>();
  return IS_WEB ? <Redirect href="/" /> : <Connect key={`${asked.server} ${asked.code}`} asked={asked} />;
}

function Connect({ asked }: { asked: { server?: string; code?: string } }) {
  const router = useRouter();
  const [address, setAddress] = useState(asked.server ?? '');
  const [code, setCode] = useState(asked.code ?? '');
  const testing = useMutation({ mutationFn: probe });
  const connecting = useMutation({
    mutationFn: () => connect(address, code),
    onSuccess: () => router.replace('/'),
  });

  const failure = connecting.error ?? testing.error;
  const refusal = failure === null ? null : refusalOf(failure, address);
  const besides = (field: 'address' | 'code'): string | undefined => (refusal?.field === field ? refusal.words : undefined);
  const test = (): void => {
    connecting.reset();
    testing.mutate(address);
  };
  const go = (): void => {
    testing.reset();
    connecting.mutate();
  };
  const isEmpty = address.trim() === '';
  return (
    <Screen title={strings.connect.title}>
      <ScrollView keyboardShouldPersistTaps="handled" contentContainerStyle={styles.content}>
        <Text tone="quiet">{strings.connect.body}</Text>
        <Form submit={strings.connect.go} busy={connecting.isPending} disabled={isEmpty} failure={null} onSubmit={go}>
          <Field
            label={strings.connect.address}
            value={address}
            onChangeText={setAddress}
            autoCapitalize="none"
            autoCorrect={false}
            inputMode="url"
            placeholder="blog.example"
            onSubmitEditing={test}
            error={besides('address')}
          />
          <Field
            label={strings.connect.code}
            hint={strings.connect.codeHint}
            value={code}
            onChangeText={setCode}
            autoCapitalize="characters"
            autoCorrect={false}
            placeholder="7K3M-Q0XP"
            error={besides('code')}
          />
          {testing.data !== undefined && refusal === null && (
            <Text role="status" tone="good">
              {strings.connect.found(testing.data.site.title, testing.data.site.version)}
            </Text>
          )}
          <Button kind="plain" label={strings.connect.test} busy={testing.isPending} disabled={isEmpty} onPress={test} />
        </Form>
      </ScrollView>
    </Screen>
  );
}

const styles = StyleSheet.create({
  content: { padding: space.l, gap: space.l, width: '100%', maxWidth: 560, alignSelf: 'center' },
});
