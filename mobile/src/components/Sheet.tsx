import type { ReactNode } from 'react';
import { Modal, Pressable, ScrollView, StyleSheet, View } from 'react-native';
import { useSafeAreaInsets } from 'react-native-safe-area-context';

import { useReducedMotion } from '@/lib/a11y';
import { strings } from '@/strings';
import { radius, space, useTheme } from '@/theme';

import { IconButton } from './IconButton';
import { Text } from './Text';

interface Props {
  title: string;
  open: boolean;
  /** Also called by Android's back button, Escape, and a touch beside the sheet. */
  onClose: () => void;
  children: ReactNode;
}

export function Sheet({ title, open, onClose, children }: Props) {
  const { colours } = useTheme();
  const insets = useSafeAreaInsets();
  const isReduced = useReducedMotion();
  return (
    <Modal aria-label={title} visible={open} transparent animationType={isReduced ? 'none' : 'slide'} onRequestClose={onClose}>
      <Pressable aria-hidden style={[styles.shade, { backgroundColor: colours.shade }]} onPress={onClose} />
      <View style={[styles.sheet, { backgroundColor: colours.surface, paddingBottom: insets.bottom + space.l }]}>
        <View style={styles.head}>
          <Text as="heading" style={styles.title}>
            {title}
          </Text>
          <IconButton icon="close" label={strings.close} onPress={onClose} />
        </View>
        <ScrollView keyboardShouldPersistTaps="handled" contentContainerStyle={styles.body}>
          {children}
        </ScrollView>
      </View>
    </Modal>
  );
}

const styles = StyleSheet.create({
  shade: { flex: 1 },
  sheet: { maxHeight: '85%', width: '100%', maxWidth: 680, alignSelf: 'center', borderTopLeftRadius: radius.l, borderTopRightRadius: radius.l },
  head: { flexDirection: 'row', alignItems: 'center', paddingLeft: space.l, paddingRight: space.s, paddingTop: space.s },
  title: { flex: 1 },
  body: { padding: space.l, gap: space.l },
});
