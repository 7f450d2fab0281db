import { useMutation, useQuery } from '@tanstack/react-query';
import { Redirect, Stack, useLocalSearchParams } from 'expo-router';
import { useState } from 'react';

import { siteOptions } from '@/api/queries/site';
import { Field } from '@/components/Field';
import { fieldError, Form } from '@/components/Form';
import { Pane } from '@/components/Pane';
import { Text } from '@/components/Text';
import { Ways } from '@/components/Ways';
import { goOn } from '@/lib/entering';
import { signIn, useSession } from '@/state/session';
import { strings } from '@/strings';

/** `next`: the route to go on with. */
export default function SignInScreen() {
  const { next } = useLocalSearchParams<{ next?: string }>();
  const [wasSignedIn] = useState(useSession().person !== null);
  return wasSignedIn ? <Redirect href="/you" /> : <SignIn next={next} />;
}

function SignIn({ next }: { next?: string }) {
  const words = strings.entry;
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [isTried, setTried] = useState(false);
  const site = useQuery(siteOptions());
  const entering = useMutation({
    mutationFn: () => {
      const who = name.trim();
      return signIn(who.includes('@') ? { email: who, password } : { handle: who.toLowerCase(), password });
    },
    onSuccess: () => goOn(next),
  });
  const submit = (): void => {
    setTried(true);
    if (name.trim() !== '' && password !== '') entering.mutate();
  };
  const missing = (value: string): string | undefined => (isTried && value === '' ? words.missing : undefined);
  return (
    <Pane>
      <Stack.Screen options={{ title: words.signIn }} />
      {site.data !== undefined && <Text tone="quiet">{site.data.title}</Text>}
      <Form submit={words.signIn} busy={entering.isPending} failure={entering.error} fields={['handle', 'email', 'password']} onSubmit={submit}>
        <Field
          label={words.name}
          value={name}
          onChangeText={setName}
          autoCapitalize="none"
          autoCorrect={false}
          autoComplete="username"
          textContentType="username"
          error={missing(name.trim()) ?? fieldError(entering.error, 'handle') ?? fieldError(entering.error, 'email')}
        />
        <Field
          label={words.password}
          value={password}
          onChangeText={setPassword}
          secureTextEntry
          autoComplete="current-password"
          textContentType="password"
          onSubmitEditing={submit}
          error={missing(password) ?? fieldError(entering.error, 'password')}
        />
      </Form>
      <Ways of={['register', 'pair', 'forgotten']} next={next} policy={site.data?.sign_up} />
    </Pane>
  );
}
