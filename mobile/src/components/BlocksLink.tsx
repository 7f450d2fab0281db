import type { ReactNode } from 'react';
import { Text, type StyleProp, type TextStyle } from 'react-native';

import { IS_WEB } from '@/api/client';
import { follow, safeAddress, slugOf } from '@/lib/address';
import { useTheme } from '@/theme';

interface Props {
  href: string;
  children: ReactNode;
  style?: StyleProp<TextStyle>;
}

/** A link within text. In a browser it is one of the browser's own, except to posts, which the app shows itself. */
export function LinkText({ href, children, style }: Props) {
  const { colours } = useTheme();
  const look = [{ color: colours.accent, textDecorationLine: 'underline' } as const, style];
  const address = safeAddress(href);
  if (address === null) return <Text style={style}>{children}</Text>;
  if (IS_WEB && slugOf(address) === null) {
    const browser = { href: address, hrefAttrs: { target: '_blank', rel: 'noopener noreferrer nofollow' } };
    return <Text {...browser} style={look}>{children}</Text>; // prettier-ignore
  }
  return (
    <Text role="link" onPress={() => follow(href)} style={look}>
      {children}
    </Text>
  );
}
