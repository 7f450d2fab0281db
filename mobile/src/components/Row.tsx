/** Lines of a list of settings, in groups. */
import { Children, Fragment, type ReactNode } from 'react';
import { Pressable, StyleSheet, Switch, View } from 'react-native';

import { usePrefs } from '@/state/prefs';
import { radius, space, TARGET, useTheme, type Colours } from '@/theme';

import { Icon, type IconName } from './Icon';
import { Text } from './Text';

/** From this text size on (percent) the words need the room of the icon. */
const LARGE = 150;

export function Group({ title, children }: { title?: string; children: ReactNode }) {
  const { colours } = useTheme();
  const rows = Children.toArray(children);
  return (
    <View style={styles.group}>
      {title !== undefined && (
        <Text as="label" tone="quiet" accessibilityRole="header" style={styles.title}>
          {title}
        </Text>
      )}
      <View style={[styles.card, { backgroundColor: colours.surface, borderColor: colours.line }]}>
        {rows.map((row, at) => (
          <Fragment key={at}>
            {at > 0 && <View style={[styles.line, { backgroundColor: colours.line }]} />}
            {row}
          </Fragment>
        ))}
      </View>
    </View>
  );
}

interface RowProps {
  label: string;
  detail?: string;
  icon?: IconName;
  tone?: keyof Colours;
  /** Without it, the row only tells. */
  onPress?: () => void;
  /** It leads to another screen. */
  leads?: boolean;
  busy?: boolean;
}

export function Row({ label, detail, icon, tone = 'ink', onPress, leads = true, busy = false }: RowProps) {
  const { colours } = useTheme();
  const { textSize } = usePrefs();
  const content = (
    <>
      {icon && textSize < LARGE && <Icon name={icon} size={22} tone={tone === 'ink' ? 'quiet' : tone} />}
      <View style={styles.words}>
        <Text tone={tone}>{label}</Text>
        {detail !== undefined && detail !== '' && (
          <Text as="small" tone="quiet">
            {detail}
          </Text>
        )}
      </View>
      {onPress && leads && <Icon name="next" size={18} tone="quiet" />}
    </>
  );
  if (onPress === undefined) return <View style={styles.row}>{content}</View>;
  return (
    <Pressable
      role={leads ? 'link' : 'button'}
      aria-busy={busy}
      disabled={busy}
      onPress={onPress}
      style={({ pressed }) => [styles.row, { backgroundColor: pressed ? colours.sunken : undefined, opacity: busy ? 0.6 : 1 }]}
    >
      {content}
    </Pressable>
  );
}

export function SwitchRow({ label, detail, on, onChange }: { label: string; detail?: string; on: boolean; onChange: (on: boolean) => void }) {
  const { colours } = useTheme();
  return (
    <View style={styles.row}>
      {/* A switch is small for a thumb; who reads the screen aloud has the switch alone. */}
      <Pressable accessible={false} focusable={false} onPress={() => onChange(!on)} style={[styles.words, styles.tall]}>
        <Text>{label}</Text>
        {detail !== undefined && (
          <Text as="small" tone="quiet">
            {detail}
          </Text>
        )}
      </Pressable>
      <Switch
        accessibilityLabel={label}
        value={on}
        onValueChange={onChange}
        trackColor={{ true: colours.accent, false: colours.line }}
        thumbColor={colours.surface}
        style={styles.switch}
      />
    </View>
  );
}

const styles = StyleSheet.create({
  group: { gap: space.s },
  title: { paddingHorizontal: space.xs },
  card: { borderWidth: 1, borderRadius: radius.m, overflow: 'hidden' },
  line: { height: StyleSheet.hairlineWidth, marginLeft: space.l },
  row: { minHeight: TARGET + 8, flexDirection: 'row', alignItems: 'center', gap: space.m, paddingHorizontal: space.l, paddingVertical: space.s },
  words: { flex: 1, minWidth: 0 },
  tall: { minHeight: TARGET, justifyContent: 'center' },
  switch: { marginVertical: space.s },
});
