import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { View } from 'react-native';

import { Button } from '@/components/Button';
import { Field } from '@/components/Field';
import { Screen } from '@/components/Screen';
import { Text } from '@/components/Text';
import { asTrouble } from '@/api/trouble';
import { connect } from '@/state/session';
import { strings, wordsOf } from '@/strings';
import { space } from '@/theme';

/** Native only: a browser is connected to where the app came from. */
export default function Connect() {
  const [address, setAddress] = useState('');
  const connecting = useMutation({ mutationFn: connect });
  const words = connecting.error === null ? null : wordsOf(asTrouble(connecting.error));
  return (
    <Screen title={strings.connect.title}>
      <View style={{ padding: space.l, gap: space.l }}>
        <Text tone="quiet">{strings.connect.body}</Text>
        <Field
          label={strings.connect.address}
          value={address}
          onChangeText={setAddress}
          autoCapitalize="none"
          autoCorrect={false}
          inputMode="url"
          placeholder="blog.example"
          error={words === null ? undefined : `${words.title}. ${words.body}`}
        />
        <Button label={strings.connect.go} busy={connecting.isPending} onPress={() => connecting.mutate(address)} />
      </View>
    </Screen>
  );
}
