import { Text as NativeText, type TextProps } from 'react-native';

import { useTheme, type Colours, type TypeName } from '@/theme';

interface Props extends TextProps {
  as?: TypeName;
  tone?: keyof Colours;
}

/** All text of the app: sized by the person's preference, coloured by the theme. */
export function Text({ as = 'body', tone = 'ink', style, ...rest }: Props) {
  const theme = useTheme();
  const isHeader = as === 'display' || as === 'title' || as === 'heading';
  return (
    <NativeText
      accessibilityRole={isHeader ? 'header' : undefined}
      {...rest}
      style={[theme.text(as), { color: theme.colours[tone] }, style]}
    />
  );
}
