import { useState } from 'react';
import { StyleSheet, View } from 'react-native';

import type { Step, TimelineEntry } from '@/api/queries/jobs';
import { counted, dollars, lasted } from '@/lib/money';
import { strings } from '@/strings';
import { space, useTheme } from '@/theme';

import { whenIs } from './JobBadge';
import { Text } from './Text';
import { TextButton } from './TextButton';

export function JobSteps({ steps }: { steps: readonly Step[] }) {
  const { colours } = useTheme();
  if (steps.length === 0) return <Text tone="quiet">{strings.job.stepsNone}</Text>;
  return (
    <View role="list">
      {steps.map((step) => (
        <View key={`${step.name} ${step.run}`} role="listitem" style={[styles.step, { borderColor: colours.line }]}>
          <View style={styles.line}>
            <Text as="label" style={styles.name}>
              {step.name}
            </Text>
            {step.cost_usd !== null && <Text as="label">{dollars(step.cost_usd)}</Text>}
          </View>
          <Text as="small" tone={step.state === 'failed' || step.state === 'in_doubt' ? 'danger' : 'quiet'}>
            {aboutStep(step)}
          </Text>
          {step.error !== null && step.error.detail !== '' && (
            <Text as="small" tone="danger">
              {step.error.detail}
            </Text>
          )}
        </View>
      ))}
    </View>
  );
}

function aboutStep(step: Step): string {
  const used = step.tokens.input + step.tokens.output;
  return [
    strings.job.stepStates[step.state],
    step.run > 1 ? strings.job.run(step.run) : '',
    step.model ?? step.provider ?? '',
    used > 0 ? strings.job.tokensOf(counted(step.tokens.input), counted(step.tokens.output)) : '',
    step.duration_ms === null ? '' : lasted(step.duration_ms),
  ].filter(Boolean).join(' · '); // prettier-ignore
}

/** All that happened, the newest first; folded until it is asked for. */
export function JobTimeline({ entries }: { entries: readonly TimelineEntry[] }) {
  const [isOpen, setOpen] = useState(false);
  if (entries.length === 0) return null;
  return (
    <View>
      <TextButton
        label={isOpen ? strings.job.hideTimeline : strings.job.showTimeline(entries.length)}
        onPress={() => setOpen(!isOpen)}
      />
      {isOpen && (
        <View role="list" style={styles.entries}>
          {[...entries].reverse().map((entry) => (
            <View key={entry.id} role="listitem">
              <Text as="small">{aboutEntry(entry)}</Text>
              <Text as="small" tone="quiet">
                {whenIs(entry.at)}
              </Text>
            </View>
          ))}
        </View>
      )}
    </View>
  );
}

function aboutEntry({ event, target, step, detail }: TimelineEntry): string {
  const { by, note, reason } = detail;
  return [
    strings.job.events[event] + (target === null ? '' : `: ${strings.job.states[target]}`),
    step ?? '',
    typeof by === 'string' ? strings.job.by(by) : '',
    typeof note === 'string' && note !== '' ? `“${note}”` : '',
    typeof reason === 'string' ? reason : '',
  ].filter(Boolean).join(' · '); // prettier-ignore
}

const styles = StyleSheet.create({
  step: { paddingVertical: space.s, borderBottomWidth: StyleSheet.hairlineWidth, gap: 2 },
  line: { flexDirection: 'row', flexWrap: 'wrap', gap: space.s },
  name: { flex: 1, minWidth: 120 },
  entries: { gap: space.m },
});
