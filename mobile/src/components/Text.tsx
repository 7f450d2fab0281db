import { Text as NativeText, type TextProps } from 'react-native';

import { useTheme, type Colours, type TypeName } from '@/theme';

interface Props extends TextProps {
  as?: TypeName;
  tone?: keyof Colours;
  /** The text's language: chooses the voice and, on the web, glyphs and hyphens. */
  lang?: string;
}

/** All text of the app: sized by the person's preference, coloured by the theme. */
export function Text({ as = 'body', tone = 'ink', lang, style, ...rest }: Props) {
  const theme = useTheme();
  const isHeader = as === 'display' || as === 'title' || as === 'heading';
  return (
    <NativeText
      accessibilityRole={isHeader ? 'header' : undefined}
      {...(lang === undefined ? null : { lang, accessibilityLanguage: lang })}
      {...rest}
      style={[theme.text(as), { color: theme.colours[tone] }, style]}
    />
  );
}
