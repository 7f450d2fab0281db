import { Image } from 'expo-image';
import { View } from 'react-native';

import { addressOf } from '@/api/client';
import { useTheme } from '@/theme';

import { Text } from './Text';

/** Decoration beside a name, hence without a label of its own. */
export function Avatar({ name, avatar, size = 28 }: { name: string; avatar: string | null; size?: number }) {
  const { colours } = useTheme();
  const round = { width: size, height: size, borderRadius: size / 2, backgroundColor: colours.accentSoft };
  if (avatar !== null) return <Image source={{ uri: addressOf(avatar) }} style={round} accessibilityLabel="" />;
  return (
    <View aria-hidden style={[round, { alignItems: 'center', justifyContent: 'center' }]}>
      <Text as="label" tone="accent" style={{ fontSize: size * 0.45, lineHeight: size }}>
        {[...name][0]?.toUpperCase() ?? ''}
      </Text>
    </View>
  );
}
