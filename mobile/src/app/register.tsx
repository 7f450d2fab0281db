import { useMutation, useQuery } from '@tanstack/react-query';
import { Redirect, Stack, useLocalSearchParams } from 'expo-router';
import { useState } from 'react';

import { siteOptions } from '@/api/queries/site';
import { Field } from '@/components/Field';
import { fieldError, Form } from '@/components/Form';
import { Pane } from '@/components/Pane';
import { Empty, Failure, Loading } from '@/components/States';
import { Ways } from '@/components/Ways';
import { goOn } from '@/lib/entering';
import { register, useSession } from '@/state/session';
import { strings } from '@/strings';

const FIELDS = ['handle', 'name', 'email', 'password', 'invitation'] as const;
type FieldName = (typeof FIELDS)[number];

/** What is asked depends on whom the blog lets in: everybody, who was invited, or nobody. */
export default function RegisterScreen() {
  const { next, invitation } = useLocalSearchParams<{ next?: string; invitation?: string }>();
  const site = useQuery(siteOptions());
  const [wasSignedIn] = useState(useSession().person !== null);
  const words = strings.entry;
  if (wasSignedIn) return <Redirect href="/you" />;
  return (
    <Pane>
      <Stack.Screen options={{ title: words.register }} />
      {site.isPending ? (
        <Loading />
      ) : site.data === undefined ? (
        <Failure trouble={site.error} onRetry={() => void site.refetch()} />
      ) : site.data.sign_up === 'closed' ? (
        <Empty title={words.closed} body={words.closedBody} />
      ) : (
        <Register next={next} needsInvitation={site.data.sign_up === 'invite'} invitation={invitation ?? ''} />
      )}
      <Ways of={['signIn', 'pair']} next={next} />
    </Pane>
  );
}

function Register({ next, needsInvitation, invitation }: { next?: string; needsInvitation: boolean; invitation: string }) {
  const words = strings.entry;
  const [typed, setTyped] = useState<Record<FieldName, string>>({ handle: '', name: '', email: '', password: '', invitation });
  const [isTried, setTried] = useState(false);
  const entering = useMutation({
    mutationFn: () => register(accountOf(typed, needsInvitation)),
    onSuccess: () => goOn(next),
  });
  const needed: FieldName[] = needsInvitation ? ['invitation', 'handle', 'password'] : ['handle', 'password'];
  const isMissing = (name: FieldName): boolean => needed.includes(name) && typed[name].trim() === '';
  const submit = (): void => {
    setTried(true);
    if (!needed.some(isMissing)) entering.mutate();
  };
  const field = (name: FieldName) => ({
    value: typed[name],
    onChangeText: (value: string) => setTyped((before) => ({ ...before, [name]: value })),
    error: isTried && isMissing(name) ? words.missing : fieldError(entering.error, name),
  });
  const plain = { autoCapitalize: 'none', autoCorrect: false } as const;
  return (
    <Form submit={words.register} busy={entering.isPending} failure={entering.error} fields={FIELDS} onSubmit={submit}>
      {needsInvitation && <Field label={words.invitation} hint={words.invitationHint} {...plain} {...field('invitation')} />}
      <Field label={words.handle} hint={words.handleHint} autoComplete="username" {...plain} {...field('handle')} />
      <Field label={words.password} hint={words.newPasswordHint} secureTextEntry autoComplete="new-password" textContentType="newPassword" {...field('password')} />
      <Field label={words.shownName} autoComplete="name" {...field('name')} />
      <Field label={words.email} hint={words.emailHint} inputMode="email" autoComplete="email" {...plain} {...field('email')} onSubmitEditing={submit} />
    </Form>
  );
}

function accountOf(typed: Record<FieldName, string>, needsInvitation: boolean): Parameters<typeof register>[0] {
  const optional = (name: FieldName): Partial<Record<FieldName, string>> => {
    const value = typed[name].trim();
    return value === '' ? {} : { [name]: value };
  };
  return {
    handle: typed.handle.trim().toLowerCase(),
    password: typed.password,
    ...optional('name'),
    ...optional('email'),
    ...(needsInvitation ? optional('invitation') : null),
  };
}
