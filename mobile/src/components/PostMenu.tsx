/** What else can be done with a post; and saving it to a list. */
import { useInfiniteQuery } from '@tanstack/react-query';
import { Pressable, StyleSheet, View } from 'react-native';

import { itemsOf } from '@/api/queries/cache';
import { bookmarksOptions } from '@/api/queries/social';
import { useUnsent } from '@/state/unsent';
import { strings } from '@/strings';
import { space, TARGET } from '@/theme';

import { Button } from './Button';
import { Chip } from './Chip';
import { Field } from './Field';
import { Icon, type IconName } from './Icon';
import { Sheet } from './Sheet';
import { Text } from './Text';

export interface MenuItem {
  icon: IconName;
  label: string;
  onPress: () => void;
}

export function PostMenu({ items, open, onClose }: { items: readonly MenuItem[]; open: boolean; onClose: () => void }) {
  return (
    <Sheet title={strings.reading.more} open={open} onClose={onClose}>
      <View role="menu">
        {items.map(({ icon, label, onPress }) => (
          <Pressable key={label} role="menuitem" onPress={onPress} style={styles.item}>
            <Icon name={icon} size={22} tone="quiet" />
            <Text style={styles.grow}>{label}</Text>
          </Pressable>
        ))}
      </View>
    </Sheet>
  );
}

interface SaveProps {
  slug: string;
  open: boolean;
  onClose: () => void;
  onSave: (list: string) => void;
}

export function SaveSheet({ slug, open, onClose, onSave }: SaveProps) {
  return (
    <Sheet title={strings.reading.saveTo} open={open} onClose={onClose}>
      {open && <Lists slug={slug} onSave={onSave} />}
    </Sheet>
  );
}

function Lists({ slug, onSave }: Pick<SaveProps, 'slug' | 'onSave'>) {
  const saved = useInfiniteQuery(bookmarksOptions());
  const name = useUnsent(`list:${slug}`);
  const saveByName = (): void => {
    onSave(name.text.trim());
    name.setText('');
  };
  const lists = [...new Set(itemsOf(saved.data).map(({ list }) => list))].filter((list) => list !== '');
  return (
    <>
      {lists.length > 0 && (
        <View role="group" aria-label={strings.reading.lists} style={styles.chips}>
          {lists.map((list) => (
            <Chip key={list} label={list} onPress={() => onSave(list)} />
          ))}
        </View>
      )}
      <Field label={strings.reading.list} value={name.text} onChangeText={name.setText} editable={name.isRead} maxLength={60} onSubmitEditing={saveByName} />
      <Button label={strings.reading.keep} onPress={saveByName} />
    </>
  );
}

const styles = StyleSheet.create({
  item: { minHeight: TARGET + space.xs, flexDirection: 'row', alignItems: 'center', gap: space.m },
  grow: { flex: 1 },
  chips: { flexDirection: 'row', flexWrap: 'wrap', gap: space.s },
});
