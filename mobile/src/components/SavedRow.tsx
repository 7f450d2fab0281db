import { useState } from 'react';
import { StyleSheet, View } from 'react-native';

import type { PostCardItem } from '@/api/queries/cache';
import { answerOf, api } from '@/api/client';
import { useBookmark, useForgetPlace } from '@/api/queries/social';
import { asTrouble } from '@/api/trouble';
import { dropPost, keepPost } from '@/state/kept';
import { strings, wordsOf } from '@/strings';
import { space, useTheme } from '@/theme';

import { Button } from './Button';
import { Chip } from './Chip';
import { Field } from './Field';
import { IconButton } from './IconButton';
import { Sheet } from './Sheet';
import { Text } from './Text';
import { TextButton } from './TextButton';
import { toast } from './Toast';

interface Props {
  post: PostCardItem;
  /** The list it is in; empty: none; undefined: it is no bookmark. */
  list?: string;
  lists: readonly string[];
  isKept: boolean;
}

/** Below a saved post: where it is, and what can be done with it. */
export function SavedRow({ post, list, lists, isKept }: Props) {
  const { colours } = useTheme();
  const [isOpen, setOpen] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const keep = async (): Promise<void> => {
    if (isBusy) return;
    setBusy(true);
    try {
      if (isKept) return await dropPost(post.slug);
      await keepWhole(post.slug);
      toast(strings.saved.keptNow);
    } catch (failure) {
      toast(failure instanceof NoRoom ? strings.saved.noRoom : wordsOf(asTrouble(failure)).title);
    } finally {
      setBusy(false);
    }
  };
  return (
    <View style={[styles.row, { borderColor: colours.line }]}>
      <TextButton
        label={isKept ? `✓ ${strings.saved.kept}` : strings.saved.keep}
        says={isKept ? `${strings.saved.kept}. ${strings.saved.unkeep}` : undefined}
        tone={isKept ? 'good' : 'accent'}
        disabled={isBusy}
        onPress={() => void keep()}
      />
      <Text as="small" tone="quiet" style={styles.fill}>
        {list !== undefined && list !== '' ? strings.saved.inList(list) : ''}
      </Text>
      <IconButton icon="more" label={strings.saved.options(post.title)} onPress={() => setOpen(true)} />
      <Sheet title={strings.saved.menu} open={isOpen} onClose={() => setOpen(false)}>
        {isOpen && <Options post={post} list={list} lists={lists} onClose={() => setOpen(false)} />}
      </Sheet>
    </View>
  );
}

function Options({ post, list, lists, onClose }: Omit<Props, 'isKept'> & { onClose: () => void }) {
  const bookmark = useBookmark(post.slug);
  const forget = useForgetPlace();
  const [name, setName] = useState('');
  const onError = (failure: unknown): void => {
    toast(wordsOf(asTrouble(failure)).body);
  };
  const move = (to: string): void => {
    bookmark.mutate({ on: true, list: to }, { onError });
    onClose();
  };
  const remove = (): void => {
    bookmark.mutate({ on: false }, { onError, onSuccess: () => toast(strings.saved.removed) });
    onClose();
  };
  if (list === undefined) {
    return (
      <Button
        kind="danger"
        label={strings.saved.forget}
        busy={forget.isPending}
        onPress={() => forget.mutate(post.slug, { onError, onSettled: onClose })}
      />
    );
  }
  return (
    <View style={styles.options}>
      <Text as="heading">{strings.saved.moveTo}</Text>
      <View style={styles.chips}>
        <Chip label={strings.saved.noList} on={list === ''} onPress={() => move('')} />
        {lists.map((one) => (
          <Chip key={one} label={one} on={one === list} onPress={() => move(one)} />
        ))}
      </View>
      <Field label={strings.saved.newList} value={name} onChangeText={setName} maxLength={50} />
      <Button kind="plain" label={strings.saved.move} disabled={name.trim() === ''} onPress={() => move(name.trim())} />
      <Button kind="danger" label={strings.saved.remove} onPress={remove} />
    </View>
  );
}

class NoRoom extends Error {}

/** The post as the blog has it now, not as it may lie in the cache. */
async function keepWhole(slug: string): Promise<void> {
  const post = await answerOf(api.GET('/api/v1/posts/{slug}', { params: { path: { slug } } }));
  try {
    await keepPost(post);
  } catch (failure) {
    throw new NoRoom(String(failure));
  }
}

const styles = StyleSheet.create({
  row: { flexDirection: 'row', flexWrap: 'wrap', alignItems: 'center', gap: space.s, paddingHorizontal: space.l, borderBottomWidth: StyleSheet.hairlineWidth },
  fill: { flex: 1 },
  options: { gap: space.l },
  chips: { flexDirection: 'row', flexWrap: 'wrap', gap: space.s },
});
