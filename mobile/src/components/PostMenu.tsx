/** What else can be done with a post; and saving it to a list. */
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Pressable, StyleSheet, View } from 'react-native';

import { itemsOf } from '@/api/queries/cache';
import { bookmarksOptions } from '@/api/queries/social';
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

export function SaveSheet({ open, onClose, onSave }: { open: boolean; onClose: () => void; onSave: (list: string) => void }) {
  return (
    <Sheet title={strings.reading.saveTo} open={open} onClose={onClose}>
      {open && <Lists onSave={onSave} />}
    </Sheet>
  );
}

function Lists({ onSave }: { onSave: (list: string) => void }) {
  const saved = useInfiniteQuery(bookmarksOptions());
  const [name, setName] = useState('');
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
      <Field label={strings.reading.list} value={name} onChangeText={setName} maxLength={60} onSubmitEditing={() => onSave(name.trim())} />
      <Button label={strings.reading.keep} onPress={() => onSave(name.trim())} />
    </>
  );
}

const styles = StyleSheet.create({
  item: { minHeight: TARGET + space.xs, flexDirection: 'row', alignItems: 'center', gap: space.m },
  grow: { flex: 1 },
  chips: { flexDirection: 'row', flexWrap: 'wrap', gap: space.s },
});
