import { useRef, useState } from 'react';
import { StyleSheet, View } from 'react-native';

import { useDecide, useRevise, type Draft, type Job } from '@/api/queries/jobs';
import type { ReviewForm } from '@/state/review';
import { strings } from '@/strings';
import { space } from '@/theme';

import { Button } from './Button';
import { Field } from './Field';
import { fieldError } from './Form';
import { MovedMeanwhile } from './JobActs';
import { Text } from './Text';
import { toast } from './Toast';

type Verb = 'approve' | 'reject' | 'revise';

interface Props {
  job: Job;
  draft: Draft;
  review: ReviewForm;
  /** It was refused: look at job and draft anew. */
  onStale: () => void;
}

/** Yes, no, or once more. Offline too: it then waits in the outbox, and the note with it. */
export function DraftDecision({ job, draft, review, onStale }: Props) {
  const decide = useDecide(job.id);
  const revise = useRevise(job.id);
  const isUnderWay = useRef(false);
  const [asked, setAsked] = useState<Verb | null>(null);
  const struck = strikesIn(draft, review.strike);
  const note = review.note.trim();
  const failure = decide.error ?? revise.error;
  const isBusy = decide.isPending || revise.isPending;

  const send = async (verb: Verb): Promise<void> => {
    if (isUnderWay.current) return; // a second tap comes before the button is drawn anew
    isUnderWay.current = true;
    setAsked(null);
    decide.reset();
    revise.reset();
    try {
      const answer = verb === 'revise' ? await revise.mutateAsync({ note, strike: struck, revision: draft.revision }) : await decide.mutateAsync({ verb, note });
      review.clear();
      toast(answer === null ? strings.draft.waits[verb] : strings.draft.decided[verb]);
    } catch {
      onStale(); // the note and the strikes stay where they are
    } finally {
      isUnderWay.current = false;
    }
  };
  const mustAsk = (verb: Verb): boolean => verb === 'reject' || (verb === 'approve' && struck.length > 0);
  const press = (verb: Verb): void => {
    if (mustAsk(verb) && asked !== verb) setAsked(verb);
    else void send(verb);
  };

  return (
    <View style={styles.decision}>
      {struck.length > 0 && <Text as="label" tone="danger" role="status">{strings.draft.struck(struck.length)}</Text>}
      <Field
        label={strings.draft.note}
        placeholder={strings.draft.noteHint}
        value={review.note}
        editable={review.isRead && !isBusy}
        onChangeText={review.setNote}
        maxLength={2000}
        multiline
        style={styles.note}
        error={fieldError(failure, 'note')}
      />
      {failure !== null && (
        <>
          <MovedMeanwhile failure={failure} job={job} />
          {note !== '' && <Text as="small" tone="quiet">{strings.draft.noteKept}</Text>}
        </>
      )}
      {asked === 'approve' && <Text as="small" tone="danger" role="alert">{strings.draft.approveSure(struck.length)}</Text>}
      <View style={styles.line}>
        <Button icon="check" label={strings.draft.approve} busy={decide.isPending} disabled={isBusy} onPress={() => press('approve')} />
        <Button
          kind="plain"
          label={strings.draft.revise}
          busy={revise.isPending}
          disabled={isBusy || (struck.length === 0 && note === '')}
          onPress={() => press('revise')}
        />
        <Button
          kind="danger"
          label={asked === 'reject' ? strings.draft.rejectSure : strings.draft.reject}
          disabled={isBusy}
          onPress={() => press('reject')}
        />
      </View>
      {struck.length === 0 && note === '' && <Text as="small" tone="quiet">{strings.draft.reviseNeeds}</Text>}
    </View>
  );
}

/** Of what was struck, what the draft still has. */
export function strikesIn(draft: Draft, strike: readonly string[]): string[] {
  const there = new Set(draft.blocks.map((block) => block.id));
  return strike.filter((id) => there.has(id));
}

const styles = StyleSheet.create({
  decision: { gap: space.m },
  note: { minHeight: 88, textAlignVertical: 'top' },
  line: { flexDirection: 'row', flexWrap: 'wrap', gap: space.s },
});
