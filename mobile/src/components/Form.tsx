import type { ReactNode } from 'react';
import { StyleSheet, View } from 'react-native';

import { asTrouble, type Trouble } from '@/api/trouble';
import { wordsOf } from '@/strings';
import { radius, space, useTheme } from '@/theme';

import { Button } from './Button';
import { Text } from './Text';

/** What the server said of each field, capitalised as a sentence beside it. */
export function fieldError(failure: unknown, path: string): string | undefined {
  if (failure === null || failure === undefined) return undefined;
  const said = asTrouble(failure).fields[path];
  return said === undefined ? undefined : `${said.charAt(0).toUpperCase()}${said.slice(1)}.`;
}

interface Props {
  children: ReactNode;
  submit: string;
  busy: boolean;
  disabled?: boolean;
  /** What the last attempt met; fields named in `fields` say theirs themselves. */
  failure: unknown;
  fields?: readonly string[];
  onSubmit: () => void;
}

export function Form({ children, submit, busy, disabled = false, failure, fields = [], onSubmit }: Props) {
  const trouble = failure === null || failure === undefined ? null : asTrouble(failure);
  return (
    <View role="form" style={styles.form}>
      {children}
      {trouble !== null && !isSaidByFields(trouble, fields) && <Refused trouble={trouble} />}
      <Button label={submit} busy={busy} disabled={disabled} onPress={onSubmit} />
    </View>
  );
}

function Refused({ trouble }: { trouble: Trouble }) {
  const { colours } = useTheme();
  const words = wordsOf(trouble);
  return (
    <View role="alert" style={[styles.refused, { backgroundColor: colours.dangerSoft }]}>
      <Text as="label" tone="danger">
        {words.title}
      </Text>
      <Text as="small">{words.body}</Text>
    </View>
  );
}

function isSaidByFields(trouble: Trouble, fields: readonly string[]): boolean {
  const said = Object.keys(trouble.fields);
  return said.length > 0 && said.every((path) => fields.includes(path));
}

const styles = StyleSheet.create({
  form: { gap: space.l },
  refused: { borderRadius: radius.m, padding: space.m, gap: space.xs },
});
