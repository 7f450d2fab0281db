import { Pressable, StyleSheet } from 'react-native';

import { space, TARGET } from '@/theme';

import { Icon, type IconName } from './Icon';
import { Text } from './Text';

interface Props {
  icon: IconName;
  label: string;
  onPress: () => void;
  /** A switch that is on (liked, saved): the icon is filled. */
  on?: boolean;
  count?: number;
}

export function IconButton({ icon, label, onPress, on, count }: Props) {
  return (
    <Pressable role="button" aria-label={label} aria-pressed={on} onPress={onPress} style={styles.button} hitSlop={4}>
      <Icon name={icon} size={22} tone={on ? 'accent' : 'quiet'} filled={on ?? false} />
      {count !== undefined && count > 0 && (
        <Text as="small" tone="quiet">
          {count}
        </Text>
      )}
    </Pressable>
  );
}

const styles = StyleSheet.create({
  button: { minWidth: TARGET, minHeight: TARGET, flexDirection: 'row', gap: space.xs, alignItems: 'center', justifyContent: 'center' },
});
