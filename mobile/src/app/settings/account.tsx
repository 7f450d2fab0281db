import { useMutation } from '@tanstack/react-query';
import { Stack, useRouter } from 'expo-router';
import { useState } from 'react';
import { Linking } from 'react-native';

import { addressOf, IS_WEB } from '@/api/client';
import { exportMe, useChangePassword, useDeleteMe } from '@/api/queries/people';
import { asTrouble } from '@/api/trouble';
import { Button } from '@/components/Button';
import { Field } from '@/components/Field';
import { fieldError, Form } from '@/components/Form';
import { Pane } from '@/components/Pane';
import { Group, Row } from '@/components/Row';
import { Sheet } from '@/components/Sheet';
import { SignedOut } from '@/components/SignedOut';
import { Text } from '@/components/Text';
import { toast } from '@/components/Toast';
import { saveFile } from '@/lib/saveFile';
import { signOut, useSession } from '@/state/session';
import { strings, wordsOf } from '@/strings';

const words = strings.you;

export default function Account() {
  const { person } = useSession();
  const [isDeleting, setDeleting] = useState(false);
  const saving = useMutation({ mutationFn: async () => saveFile('blogen.json', JSON.stringify(await exportMe(), null, 1)) });
  const refusal = saving.error === null ? undefined : wordsOf(asTrouble(saving.error)).body;
  return (
    <Pane>
      <Stack.Screen options={{ title: words.security }} />
      {person === null ? (
        <SignedOut title={words.signedOut} />
      ) : (
        <>
          <Password />
          <Group title={words.data}>
            <Row
              label={words.download}
              detail={refusal}
              leads={false}
              busy={saving.isPending}
              onPress={() => (IS_WEB ? saving.mutate() : void Linking.openURL(addressOf('/me')))}
            />
            <Row label={words.delete} tone="danger" leads={false} onPress={() => setDeleting(true)} />
          </Group>
          <Deletion open={isDeleting} onClose={() => setDeleting(false)} />
        </>
      )}
    </Pane>
  );
}

function Password() {
  const [password, setPassword] = useState('');
  const [next, setNext] = useState('');
  const changing = useChangePassword();
  const save = (): void =>
    changing.mutate(
      { password, new_password: next },
      {
        onSuccess: () => {
          setPassword('');
          setNext('');
          toast(words.passwordChanged);
        },
      },
    );
  return (
    <Form
      submit={words.changePassword}
      busy={changing.isPending}
      disabled={password === '' || next === ''}
      failure={changing.error}
      fields={['password', 'new_password']}
      onSubmit={save}
    >
      <Field label={words.password} value={password} onChangeText={setPassword} secureTextEntry autoComplete="current-password" error={fieldError(changing.error, 'password')} />
      <Field
        label={words.newPassword}
        hint={strings.entry.newPasswordHint}
        value={next}
        onChangeText={setNext}
        secureTextEntry
        autoComplete="new-password"
        error={fieldError(changing.error, 'new_password')}
      />
    </Form>
  );
}

function Deletion({ open, onClose }: { open: boolean; onClose: () => void }) {
  const router = useRouter();
  const [password, setPassword] = useState('');
  const deleting = useDeleteMe();
  const remove = (): void =>
    deleting.mutate(password, {
      onSuccess: async () => {
        router.dismissTo('/you');
        await signOut();
      },
    });
  return (
    <Sheet title={words.delete} open={open} onClose={onClose}>
      <Text>{words.deleteBody}</Text>
      <Form submit={words.deleteConfirm} busy={deleting.isPending} disabled={password === ''} failure={deleting.error} fields={['password']} onSubmit={remove}>
        <Field label={words.password} value={password} onChangeText={setPassword} secureTextEntry error={fieldError(deleting.error, 'password')} />
      </Form>
      <Button kind="plain" label={words.cancel} onPress={onClose} />
    </Sheet>
  );
}
