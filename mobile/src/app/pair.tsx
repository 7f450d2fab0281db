import { useMutation } from '@tanstack/react-query';
import { Redirect, Stack, useLocalSearchParams } from 'expo-router';
import { useState } from 'react';

import { asTrouble } from '@/api/trouble';
import { Field } from '@/components/Field';
import { fieldError, Form } from '@/components/Form';
import { Pane } from '@/components/Pane';
import { Ways } from '@/components/Ways';
import { goOn } from '@/lib/entering';
import { pair, useSession } from '@/state/session';
import { strings } from '@/strings';

/** A one-time code of a device that is signed in. */
export default function PairScreen() {
  const asked = useLocalSearchParams<{ next?: string; code?: string }>();
  const words = strings.entry;
  const [wasSignedIn] = useState(useSession().person !== null);
  const [code, setCode] = useState(asked.code ?? '');
  const [isTried, setTried] = useState(false);
  const entering = useMutation({ mutationFn: () => pair(code.trim()), onSuccess: () => goOn(asked.next) });
  const isWrong = entering.error !== null && asTrouble(entering.error).status === 401;
  const submit = (): void => {
    setTried(true);
    if (code.trim() !== '') entering.mutate();
  };
  if (wasSignedIn) return <Redirect href="/you" />;
  return (
    <Pane>
      <Stack.Screen options={{ title: words.pair }} />
      <Form submit={words.signIn} busy={entering.isPending} failure={isWrong ? null : entering.error} fields={['code']} onSubmit={submit}>
        <Field
          label={words.code}
          hint={words.codeHint}
          value={code}
          onChangeText={setCode}
          autoCapitalize="characters"
          autoCorrect={false}
          autoComplete="one-time-code"
          placeholder="7K3M-Q0XP"
          onSubmitEditing={submit}
          error={isTried && code.trim() === '' ? words.missing : isWrong ? strings.connect.refusals.code : fieldError(entering.error, 'code')}
        />
      </Form>
      <Ways of={['signIn']} next={asked.next} />
    </Pane>
  );
}
