import { useQuery } from '@tanstack/react-query';
import { Stack } from 'expo-router';
import { useState } from 'react';
import { Linking, StyleSheet, View } from 'react-native';

import { addressOf } from '@/api/client';
import { meOptions, useChangeAvatar, useChangeMe } from '@/api/queries/people';
import { asTrouble } from '@/api/trouble';
import { Avatar } from '@/components/Avatar';
import { Button } from '@/components/Button';
import { Field } from '@/components/Field';
import { fieldError, Form } from '@/components/Form';
import { Pane } from '@/components/Pane';
import { SwitchRow, Group } from '@/components/Row';
import { SignedOut } from '@/components/SignedOut';
import { Failure, Loading } from '@/components/States';
import { Text } from '@/components/Text';
import { toast } from '@/components/Toast';
import { CAN_PICK, pickPicture } from '@/lib/picture';
import { useSession, type Person } from '@/state/session';
import { strings, wordsOf } from '@/strings';
import { space } from '@/theme';

const words = strings.you;
const LARGEST_BYTES = 5 * 1024 * 1024;

export default function Profile() {
  const { person } = useSession();
  const me = useQuery({ ...meOptions(), enabled: person !== null });
  return (
    <Pane>
      <Stack.Screen options={{ title: words.profile }} />
      {person === null ? (
        <SignedOut title={words.signedOut} />
      ) : me.data !== undefined ? (
        <>
          <Picture me={me.data.data} />
          <ProfileForm key={me.data.data.id} me={me.data.data} etag={me.data.etag} />
        </>
      ) : me.isError ? (
        <Failure trouble={me.error} onRetry={() => void me.refetch()} />
      ) : (
        <Loading />
      )}
    </Pane>
  );
}

function Picture({ me }: { me: Person }) {
  const changing = useChangeAvatar();
  const [isTooLarge, setTooLarge] = useState(false);
  const choose = async (): Promise<void> => {
    const picture = await pickPicture();
    setTooLarge(picture !== null && picture.size > LARGEST_BYTES);
    if (picture !== null && picture.size <= LARGEST_BYTES) changing.mutate(picture);
  };
  const refusal = changing.error === null ? null : wordsOf(asTrouble(changing.error));
  return (
    <View style={styles.picture}>
      <Avatar name={me.name} avatar={me.avatar} size={96} />
      {CAN_PICK ? (
        <>
          <Button kind="plain" label={words.picture} busy={changing.isPending} onPress={() => void choose()} />
          {me.avatar !== null && <Button kind="plain" label={words.noPicture} disabled={changing.isPending} onPress={() => changing.mutate(null)} />}
        </>
      ) : (
        <Button kind="plain" label={words.pictureElsewhere} onPress={() => void Linking.openURL(addressOf('/me'))} />
      )}
      {(isTooLarge || refusal !== null) && (
        <Text role="alert" as="small" tone="danger">
          {isTooLarge ? words.pictureTooLarge : `${refusal?.title}. ${refusal?.body}`}
        </Text>
      )}
    </View>
  );
}

function ProfileForm({ me, etag }: { me: Person; etag: string | null }) {
  const [name, setName] = useState(me.name);
  const [bio, setBio] = useState(me.bio);
  const [email, setEmail] = useState(me.email ?? '');
  const changing = useChangeMe();
  const save = (): void => {
    const change = { name: name.trim(), bio, email: email.trim() === '' ? null : email.trim() };
    changing.mutate({ change, etag }, { onSuccess: () => toast(words.saved) });
  };
  return (
    <>
      <Form submit={words.save} busy={changing.isPending} failure={changing.error} fields={['name', 'bio', 'email']} onSubmit={save}>
        <Field label={words.shownName} value={name} onChangeText={setName} autoComplete="name" error={name.trim() === '' ? strings.entry.missing : fieldError(changing.error, 'name')} />
        <Field label={words.bio} hint={words.bioHint} value={bio} onChangeText={setBio} multiline maxLength={2000} style={styles.bio} error={fieldError(changing.error, 'bio')} />
        <Field
          label={words.email}
          hint={strings.entry.emailHint}
          value={email}
          onChangeText={setEmail}
          inputMode="email"
          autoCapitalize="none"
          autoComplete="email"
          error={fieldError(changing.error, 'email')}
        />
      </Form>
      <Group>
        <SwitchRow
          label={words.hidesUnreviewed}
          detail={words.hidesUnreviewedBody}
          on={me.hides_unreviewed}
          onChange={(on) => changing.mutate({ change: { hides_unreviewed: on }, etag })}
        />
      </Group>
    </>
  );
}

const styles = StyleSheet.create({
  picture: { alignItems: 'center', gap: space.s },
  bio: { minHeight: 110, textAlignVertical: 'top' },
});
