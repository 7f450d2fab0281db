/** Report an error in a post: in one of its paragraphs, or in all of it. What is typed is kept until it is sent. */
import { useState } from 'react';
import { StyleSheet, View } from 'react-native';

import { useReportPost, type Post } from '@/api/queries/posts';
import { asTrouble } from '@/api/trouble';
import { wordsOf as wordsOfBlock } from '@/lib/speech';
import { useUnsent } from '@/state/unsent';
import { strings, wordsOf } from '@/strings';
import { radius, space, useTheme } from '@/theme';

import { Button } from './Button';
import { Chip } from './Chip';
import { Field } from './Field';
import { IconButton } from './IconButton';
import { Sheet } from './Sheet';
import { Text } from './Text';
import { toast } from './Toast';

interface Props {
  post: Post;
  /** The paragraph that is meant, to begin with; null: the whole post. */
  block: string | null;
  open: boolean;
  onClose: () => void;
}

export function PostReport({ post, block, open, onClose }: Props) {
  return (
    <Sheet title={strings.reading.report} open={open} onClose={onClose}>
      {open && <ReportForm key={block} post={post} block={block} onClose={onClose} />}
    </Sheet>
  );
}

function ReportForm({ post, block, onClose }: Omit<Props, 'open'>) {
  const said = post.blocks.filter((one) => wordsOfBlock(one) !== '');
  const [at, setAt] = useState(() => said.findIndex(({ id }) => id === block));
  const unsent = useUnsent(`report:${post.slug}`);
  const report = useReportPost(post.slug);
  const meant = said[at];
  const trouble = report.isError ? asTrouble(report.error) : null;
  const send = (): void =>
    report.mutate(
      { note: unsent.text.trim(), block: meant?.id ?? null },
      {
        onSuccess: () => {
          unsent.setText('');
          toast(strings.reading.reported);
          onClose();
        },
      },
    );
  return (
    <View style={styles.form}>
      <View style={styles.chips}>
        <Chip label={strings.reading.reportAbout} on={meant !== undefined} onPress={() => meant === undefined && setAt(0)} />
        <Chip label={strings.reading.reportWhole} on={meant === undefined} onPress={() => setAt(-1)} />
      </View>
      {meant !== undefined && (
        <Meant words={wordsOfBlock(meant)} onPrevious={() => setAt(Math.max(0, at - 1))} onNext={() => setAt(Math.min(said.length - 1, at + 1))} />
      )}
      <Field
        label={strings.reading.reportField}
        value={unsent.text}
        onChangeText={unsent.setText}
        editable={unsent.isRead}
        multiline
        error={trouble?.fields.note}
        style={styles.note}
      />
      {trouble !== null && trouble.fields.note === undefined && (
        <Text as="small" tone="danger" role="alert">
          {`${wordsOf(trouble).title}. ${wordsOf(trouble).body} ${strings.reading.reportKept}`}
        </Text>
      )}
      <Button label={strings.reading.reportSend} busy={report.isPending} disabled={unsent.text.trim() === ''} onPress={send} />
    </View>
  );
}

function Meant({ words, onPrevious, onNext }: { words: string; onPrevious: () => void; onNext: () => void }) {
  const { colours } = useTheme();
  return (
    <View style={[styles.meant, { backgroundColor: colours.sunken }]}>
      <IconButton icon="skipBack" label={strings.listening.previous} onPress={onPrevious} />
      <Text as="small" numberOfLines={3} style={styles.grow} role="status">
        {words}
      </Text>
      <IconButton icon="skip" label={strings.listening.next} onPress={onNext} />
    </View>
  );
}

const styles = StyleSheet.create({
  form: { gap: space.l },
  chips: { flexDirection: 'row', flexWrap: 'wrap', gap: space.s },
  meant: { flexDirection: 'row', alignItems: 'center', gap: space.s, borderRadius: radius.m },
  grow: { flex: 1 },
  note: { minHeight: 96, textAlignVertical: 'top' },
});
