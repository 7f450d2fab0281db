/** The theme that the person chose, or the device's. */
import { useMemo, useSyncExternalStore } from 'react';
import { Appearance, Platform, type TextStyle } from 'react-native';

import { usePrefs, type Prefs } from '@/state/prefs';

import { colours, type, type Colours, type ThemeName, type TypeName } from './tokens';

export { radius, space, TARGET, type Colours, type ThemeName, type TypeName } from './tokens';

export interface Theme {
  name: ThemeName;
  isDark: boolean;
  colours: Colours;
  /** The style of a text: the interface grows with the person's text size, the reader also by line height. */
  text(name: TypeName): TextStyle;
}

const SERIF = Platform.select({ ios: 'Georgia', android: 'serif', default: 'Georgia, "Noto Serif", serif' });

export function themeName(chosen: Prefs['theme'], device: string | null | undefined): ThemeName {
  if (chosen !== 'system') return chosen;
  return device === 'dark' ? 'dark' : 'light';
}

/** On the web `useColorScheme` listens anew at each drawing, and does not hear of the change for which it was drawn. */
function onTurn(heard: () => void): () => void {
  const listening = Appearance.addChangeListener(heard);
  return () => listening.remove();
}

export function useTheme(): Theme {
  const prefs = usePrefs();
  const device = useSyncExternalStore(onTurn, Appearance.getColorScheme);
  return useMemo(() => {
    const name = themeName(prefs.theme, device);
    return {
      name,
      isDark: name === 'dark' || name === 'black',
      colours: colours[name],
      text: (of) => textStyle(of, prefs),
    };
  }, [prefs, device]);
}

function textStyle(name: TypeName, prefs: Prefs): TextStyle {
  const { size, line, weight } = type[name];
  const fontSize = (size * prefs.textSize) / 100;
  const isProse = name === 'prose' || name === 'lead';
  const isSerif = isProse || name === 'display';
  return {
    fontSize,
    lineHeight: Math.round(fontSize * (isProse ? prefs.lineHeight : line)),
    fontWeight: weight,
    ...(isSerif ? { fontFamily: SERIF } : null),
  };
}
