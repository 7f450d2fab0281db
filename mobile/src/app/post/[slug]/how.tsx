import { useQuery } from '@tanstack/react-query';
import { Stack, useLocalSearchParams } from 'expo-router';
import { ScrollView, StyleSheet, View } from 'react-native';

import type { Schema } from '@/api/client';
import { receiptOptions } from '@/api/queries/posts';
import { asTrouble } from '@/api/trouble';
import { SourceList } from '@/components/Sources';
import { Empty, Failure, Loading } from '@/components/States';
import { Text } from '@/components/Text';
import { ago } from '@/lib/time';
import { strings } from '@/strings';
import { radius, space, useTheme } from '@/theme';

type Receipt = Schema['ReceiptView'];
type Step = Schema['ReceiptStepView'];

const words = strings.how;

/** How the post was made: what the blog wrote down while it made it. */
export default function HowScreen() {
  const { slug } = useLocalSearchParams<{ slug: string }>();
  const { data: receipt, error, isPending, refetch } = useQuery(receiptOptions(slug));
  const isUnknown = error !== null && asTrouble(error).kind === 'gone';
  return (
    <>
      <Stack.Screen options={{ title: words.title }} />
      {isPending ? (
        <Loading />
      ) : receipt !== undefined ? (
        <Known receipt={receipt} />
      ) : isUnknown ? (
        <Empty title={words.none} />
      ) : (
        <Failure trouble={error} onRetry={() => void refetch()} />
      )}
    </>
  );
}

function Known({ receipt }: { receipt: Receipt }) {
  const { provenance, approvals, notices, steps, tokens } = receipt;
  const unknown = provenance.unknown_calls > 0 ? ` ${words.unknown(provenance.unknown_calls)}` : '';
  return (
    <ScrollView role="main" contentContainerStyle={styles.page}>
      <Text as="lead">{strings.post.disclosure[provenance.disclosure]}</Text>
      <Facts
        facts={[
          [words.text, provenance.text.join(', ') || words.nobody],
          [words.images, provenance.images.join(', ') || words.nobody],
          [words.cost, `${dollars(receipt.cost_usd)}${unknown}`],
          [words.tokens, words.tokensOf(tokens.input, tokens.output)],
          [words.time, seconds(receipt.duration_ms)],
          [words.edits, String(provenance.human_edits)],
          [words.ordered, ago(receipt.ordered_at)],
          [words.published, ago(receipt.published_at)],
        ]}
      />
      <Section title={words.approvals}>
        {approvals.length === 0 && <Text tone="quiet">{words.unapproved}</Text>}
        {approvals.map(({ at, by, note }) => (
          <View key={at + by}>
            <Text>{strings.post.byline(by, ago(at))}</Text>
            {note !== '' && <Text tone="quiet">{note}</Text>}
          </View>
        ))}
      </Section>
      <Section title={words.checks}>
        {notices.length === 0 && <Text tone="quiet">{words.clean}</Text>}
        {notices.map((notice, index) => (
          <Text key={index}>{notice}</Text>
        ))}
      </Section>
      <Section title={`${words.steps} (${steps.length})`}>
        {steps.map((step, index) => (
          <StepCard key={index} step={step} />
        ))}
      </Section>
      <Section title={strings.reading.sources}>
        <SourceList sources={receipt.sources} />
      </Section>
    </ScrollView>
  );
}

function Section({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <View style={styles.section}>
      <Text as="heading" role="heading" aria-level={2}>{title}</Text>
      {children}
    </View>
  );
}

function Facts({ facts }: { facts: readonly (readonly [string, string])[] }) {
  const { colours } = useTheme();
  return (
    <View style={[styles.card, { backgroundColor: colours.surface, borderColor: colours.line }]}>
      {facts.map(([name, value]) => (
        <View key={name} style={styles.fact}>
          <Text as="small" tone="quiet">{name}</Text>
          <Text as="small" selectable style={styles.value}>{value}</Text>
        </View>
      ))}
    </View>
  );
}

function StepCard({ step }: { step: Step }) {
  const { colours } = useTheme();
  const used = step.input_tokens + step.output_tokens > 0 ? words.tokensOf(step.input_tokens, step.output_tokens) : null;
  const cost = step.cost_usd === null ? null : dollars(step.cost_usd);
  return (
    <View style={[styles.step, { borderColor: colours.line }]}>
      <Text as="label">{step.step}</Text>
      <Text as="small" tone="quiet">
        {[step.model ?? step.provider, seconds(step.duration_ms), used, cost].filter(Boolean).join(' · ')}
      </Text>
      {step.prompt_digest !== null && (
        <Text as="small" tone="quiet" numberOfLines={1} ellipsizeMode="middle" selectable>
          {words.prompt(step.prompt_digest)}
        </Text>
      )}
    </View>
  );
}

function dollars(usd: string): string {
  return `$${usd.includes('.') ? usd.replace(/(\.\d\d\d*?)0+$/, '$1') : usd}`;
}

function seconds(ms: number): string {
  return words.seconds((ms / 1000).toFixed(ms < 10_000 ? 1 : 0));
}

const styles = StyleSheet.create({
  page: { padding: space.l, gap: space.xl, width: '100%', maxWidth: 680, alignSelf: 'center' },
  section: { gap: space.m },
  card: { borderWidth: 1, borderRadius: radius.m, padding: space.l, gap: space.s },
  fact: { flexDirection: 'row', flexWrap: 'wrap', justifyContent: 'space-between', columnGap: space.l },
  value: { flexShrink: 1, textAlign: 'right' },
  step: { borderLeftWidth: 3, paddingLeft: space.m, gap: space.xs },
});
