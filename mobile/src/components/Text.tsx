import { Text as NativeText, type TextProps } from 'react-native';

import { useTheme, type Colours, type TypeName } from '@/theme';

interface Props extends TextProps {
  as?: TypeName;
  tone?: keyof Colours;
  /** The text's language: chooses the voice and, on the web, glyphs and hyphens. */
  lang?: string;
}

/** A screen has one display; what else stands out is below it. */
const LEVELS: Partial<Record<TypeName, number>> = { display: 1, title: 2, heading: 2 };

/** All text of the app: sized by the person's preference, coloured by the theme. */
export function Text({ as = 'body', tone = 'ink', lang, style, ...rest }: Props) {
  const theme = useTheme();
  const isPlain = rest.accessibilityRole !== undefined && rest.accessibilityRole !== 'header';
  const level = isPlain ? undefined : LEVELS[as];
  return (
    <NativeText
      {...(level === undefined ? null : { accessibilityRole: 'header', 'aria-level': level })}
      {...(lang === undefined ? null : { lang, accessibilityLanguage: lang })}
      {...rest}
      style={[theme.text(as), { color: theme.colours[tone] }, style]}
    />
  );
}
