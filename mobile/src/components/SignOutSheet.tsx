import { useMutation } from '@tanstack/react-query';

import { asTrouble } from '@/api/trouble';
import { useOutbox } from '@/state/outbox';
import { signOut } from '@/state/session';
import { strings, wordsOf } from '@/strings';

import { Button } from './Button';
import { Sheet } from './Sheet';
import { Text } from './Text';
import { toast } from './Toast';

/** Asks before what was not sent is lost. */
export function SignOutSheet({ open, onClose }: { open: boolean; onClose: () => void }) {
  const words = strings.you;
  const { pending, parked } = useOutbox();
  const unsent = pending + parked.length;
  const leaving = useMutation({ mutationFn: signOut, onSuccess: () => toast(words.signedOutNow) });
  const refusal = leaving.error === null ? null : wordsOf(asTrouble(leaving.error));
  return (
    <Sheet title={words.signOutTitle} open={open} onClose={onClose}>
      <Text tone="quiet">{words.signOutBody}</Text>
      {unsent > 0 && <Text tone="danger">{words.unsent(unsent)}</Text>}
      {refusal !== null && (
        <Text role="alert" tone="danger">
          {`${refusal.title}. ${refusal.body}`}
        </Text>
      )}
      <Button kind="danger" label={unsent > 0 ? words.signOutAnyway : words.signOut} busy={leaving.isPending} onPress={() => leaving.mutate()} />
      <Button kind="plain" label={words.cancel} onPress={onClose} />
    </Sheet>
  );
}
