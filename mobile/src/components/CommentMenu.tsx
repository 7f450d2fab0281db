import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Share, StyleSheet, View } from 'react-native';

import { addressOf, IS_WEB } from '@/api/client';
import { commentForChange, useChangeComment, useDeleteComment, useReportComment } from '@/api/queries/comments';
import { useAversion } from '@/api/queries/people';
import { asTrouble } from '@/api/trouble';
import { mayWrite, useSession } from '@/state/session';
import { useUnsent } from '@/state/unsent';
import { strings, wordsOf } from '@/strings';
import { space } from '@/theme';

import { Button } from './Button';
import { writerOf, type Said } from './CommentRow';
import { Field } from './Field';
import { Sheet } from './Sheet';
import { useSignIn } from './SignedOut';
import { Loading } from './States';
import { Text } from './Text';
import { toast } from './Toast';

type Step = 'choose' | 'edit' | 'delete' | 'report' | 'mute' | 'block';

const TITLES: Record<Step, string> = {
  choose: strings.talk.menu,
  edit: strings.talk.editTitle,
  delete: strings.talk.delete,
  report: strings.talk.reportTitle,
  mute: strings.talk.menu,
  block: strings.talk.menu,
};

/** What can be done about one comment. Closed with `said` null. */
export function CommentMenu({ said, onClose }: { said: Said | null; onClose: () => void }) {
  if (said === null) return null;
  return <Menu key={said.id} said={said} onClose={onClose} />;
}

function Menu({ said, onClose }: { said: Said; onClose: () => void }) {
  const [step, setStep] = useState<Step>('choose');
  const about = { said, onClose };
  return (
    <Sheet title={TITLES[step]} open onClose={onClose}>
      {step === 'choose' && <Choose {...about} onStep={setStep} />}
      {step === 'edit' && <Edit {...about} />}
      {step === 'delete' && <Delete {...about} />}
      {step === 'report' && <Report {...about} />}
      {(step === 'mute' || step === 'block') && <Avert {...about} kind={step} />}
    </Sheet>
  );
}

interface About {
  said: Said;
  onClose: () => void;
}

function Choose({ said, onClose, onStep }: About & { onStep: (step: Step) => void }) {
  const session = useSession();
  const goSignIn = useSignIn();
  const isMine = said.viewer?.is_mine ?? false;
  const isKnown = session.person !== null;
  const share = async (): Promise<void> => {
    if ((await shareComment(said)) === 'copied') toast(strings.talk.copied);
    onClose();
  };
  const signIn = (): void => {
    onClose();
    goSignIn();
  };
  return (
    <View style={styles.acts}>
      {isMine && isEditable(said) && <Button kind="plain" label={strings.talk.edit} onPress={() => onStep('edit')} />}
      {isMine && !isEditable(said) && (
        <Text as="small" tone="quiet">
          {strings.talk.editOver}
        </Text>
      )}
      {said.state === 'shown' && <Button kind="plain" label={strings.talk.copyLink} onPress={() => void share()} />}
      {!isMine && isKnown && said.author !== null && (
        <>
          <Button kind="plain" label={strings.talk.mute(writerOf(said))} onPress={() => onStep('mute')} />
          <Button kind="plain" label={strings.talk.block(writerOf(said))} onPress={() => onStep('block')} />
        </>
      )}
      {!isMine && isKnown && <Button kind="danger" label={strings.talk.report} onPress={() => onStep('report')} />}
      {isMine && <Button kind="danger" label={strings.talk.delete} onPress={() => onStep('delete')} />}
      {!isMine && mayWrite(session) && <Button kind="danger" label={strings.talk.remove} onPress={() => onStep('delete')} />}
      {!isKnown && <Button kind="plain" label={strings.follows.signInTitle} onPress={signIn} />}
    </View>
  );
}

/** The text that is typed outlives the sheet; it is made against the comment as it was when the sheet was opened. */
function Edit({ said, onClose }: About) {
  const now = useQuery({ queryKey: ['comments', 'change', said.id], queryFn: () => commentForChange(said.id), staleTime: 0, gcTime: 0 });
  const typed = useUnsent(`edit:${said.id}`);
  const change = useChangeComment();
  if (now.isPending || !typed.isRead) return <Loading />;
  if (now.isError) return <Refused failure={now.error} />;
  const text = typed.text === '' ? (now.data.data.markdown ?? '') : typed.text;
  const until = now.data.data.viewer?.edit_until;
  const save = (): void => {
    change.mutate(
      { id: said.id, text, etag: now.data.etag },
      {
        onSuccess: () => {
          typed.setText('');
          toast(strings.talk.saved);
          onClose();
        },
        onError: (failure) => {
          if (asTrouble(failure).kind === 'changed') void now.refetch();
        },
      },
    );
  };
  const isOvertaken = change.isError && asTrouble(change.error).kind === 'changed';
  return (
    <View style={styles.acts}>
      <Field
        label={strings.talk.edit}
        multiline
        value={text}
        onChangeText={typed.setText}
        error={asTrouble(change.error ?? undefined).fields.text}
        style={styles.area}
      />
      {until != null && (
        <Text as="small" tone="quiet">
          {strings.talk.editUntil(new Date(until).toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' }))}
        </Text>
      )}
      {isOvertaken ? (
        <Text tone="danger" role="alert">
          {strings.talk.lookAgain}
        </Text>
      ) : (
        change.isError && <Refused failure={change.error} />
      )}
      <Button label={strings.talk.save} busy={change.isPending || now.isFetching} disabled={text.trim() === ''} onPress={save} />
    </View>
  );
}

function Delete({ said, onClose }: About) {
  const remove = useDeleteComment(said.post);
  const sure = (): void =>
    remove.mutate(said.id, {
      onSuccess: () => {
        toast(strings.talk.deleted);
        onClose();
      },
    });
  return (
    <View style={styles.acts}>
      <Text>{strings.talk.deleteBody}</Text>
      {remove.isError && <Refused failure={remove.error} />}
      <Button kind="danger" label={strings.talk.deleteSure} busy={remove.isPending} onPress={sure} />
      <Button kind="plain" label={strings.talk.cancel} onPress={onClose} />
    </View>
  );
}

function Report({ said, onClose }: About) {
  const note = useUnsent(`report:${said.id}`);
  const report = useReportComment();
  const send = (): void =>
    report.mutate(
      { id: said.id, note: note.text.trim() },
      {
        onSuccess: () => {
          note.setText('');
          toast(strings.talk.reported);
          onClose();
        },
      },
    );
  return (
    <View style={styles.acts}>
      <Field
        label={strings.talk.reportWhy}
        multiline
        maxLength={2000}
        value={note.text}
        editable={note.isRead}
        onChangeText={note.setText}
        style={styles.area}
      />
      {report.isError && <Refused failure={report.error} />}
      <Button label={strings.talk.reportSend} busy={report.isPending} disabled={note.text.trim() === ''} onPress={send} />
    </View>
  );
}

function Avert({ said, kind, onClose }: About & { kind: 'mute' | 'block' }) {
  const avert = useAversion(said.author?.handle ?? '', kind);
  const name = writerOf(said);
  const [title, body, done] =
    kind === 'mute'
      ? [strings.talk.mute(name), strings.talk.muteBody, strings.talk.muted(name)]
      : [strings.talk.block(name), strings.talk.blockBody, strings.talk.blocked(name)];
  const sure = (): void =>
    avert.mutate(true, {
      onSuccess: () => {
        toast(done);
        onClose();
      },
    });
  return (
    <View style={styles.acts}>
      <Text>{body}</Text>
      {avert.isError && <Refused failure={avert.error} />}
      <Button kind="danger" label={title} busy={avert.isPending} onPress={sure} />
      <Button kind="plain" label={strings.talk.cancel} onPress={onClose} />
    </View>
  );
}

function Refused({ failure }: { failure: unknown }) {
  const words = wordsOf(asTrouble(failure));
  return (
    <Text tone="danger" role="alert">
      {`${words.title}. ${words.body}`}
    </Text>
  );
}

function isEditable(said: Said): boolean {
  const until = said.viewer?.edit_until;
  return said.viewer?.may_edit === true && (until == null || Date.parse(until) > Date.now());
}

/** The app's own address of the comment: whoever has no app reads it in the browser. */
async function shareComment(said: Said): Promise<'shared' | 'copied' | 'neither'> {
  const url = addressOf(`/app/post/${encodeURIComponent(said.post)}/comments?comment=${encodeURIComponent(said.id)}`);
  try {
    if (IS_WEB && typeof navigator.share !== 'function') {
      await navigator.clipboard.writeText(url);
      return 'copied';
    }
    await Share.share({ url, message: url });
    return 'shared';
  } catch {
    return 'neither'; // the person closed the sheet
  }
}

const styles = StyleSheet.create({
  acts: { gap: space.m },
  area: { minHeight: 120, textAlignVertical: 'top' },
});
