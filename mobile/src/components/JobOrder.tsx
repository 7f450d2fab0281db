import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useRef, useState } from 'react';
import { StyleSheet, View } from 'react-native';

import { itemsOf } from '@/api/queries/cache';
import { estimateOptions, useOrder, type Job } from '@/api/queries/jobs';
import { authorsOptions } from '@/api/queries/posts';
import { newKey } from '@/lib/ids';
import { dollars } from '@/lib/money';
import {
  asTyped, emptyOrder, IMAGES, isTyped, mistakesIn, morningOf, MOST_SOURCES, newSource, orderOf, readOrder, WORDS,
  type Mistakes, type OrderDraft, type ReviewChoice, type SourceDraft,
} from '@/lib/order'; // prettier-ignore
import { useUnsent } from '@/state/unsent';
import { strings } from '@/strings';
import { radius, space, useTheme } from '@/theme';

import { Button } from './Button';
import { Chip } from './Chip';
import { Field } from './Field';
import { fieldError, Form } from './Form';
import { IconButton } from './IconButton';
import { Text } from './Text';
import { TextButton } from './TextButton';

/** The form of the desk as it is typed: kept on this device until it is sent, also over restarts of the app. */
export interface OrderForm {
  order: OrderDraft;
  isRead: boolean;
  change(part: Partial<OrderDraft>): void;
  replace(order: OrderDraft): void;
  clear(): void;
}

export function useOrderForm(language: string): OrderForm {
  const { text, isRead, setText } = useUnsent('order');
  const blank = useMemo(() => emptyOrder(language), [language]);
  const order = text === '' ? blank : readOrder(text, language);
  const replace = (next: OrderDraft): void => setText(JSON.stringify(next));
  return {
    order,
    isRead,
    replace,
    change: (part) => replace({ ...order, ...part, key: newKey() }),
    clear: () => setText(''),
  };
}

interface Props {
  form: OrderForm;
  onSent: (job: Job) => void;
}

/** The important first: topic, what to mind, sources; the rest behind "More". */
export function JobOrder({ form, onSent }: Props) {
  const { order, isRead, clear } = form;
  const send = useOrder();
  const isUnderWay = useRef(false);
  const [mistakes, setMistakes] = useState<Mistakes>({});
  const [isMore, setMore] = useState(false);
  const [isClearing, setClearing] = useState(false);
  const change = (part: Partial<OrderDraft>): void => {
    if (send.isError) send.reset();
    setMistakes({});
    setClearing(false);
    form.change(part);
  };
  const errorOf = (path: string): string | undefined => mistakes[path] ?? fieldError(send.error, path);
  const hidden = HIDDEN.some((path) => errorOf(path) !== undefined);

  const submit = async (): Promise<void> => {
    if (isUnderWay.current) return; // a second tap comes before the button is drawn anew
    const found = mistakesIn(order);
    setMistakes(found);
    if (Object.keys(found).length > 0) return;
    isUnderWay.current = true;
    try {
      const job = await send.mutateAsync({ order: orderOf(order), key: order.key });
      clear();
      onSent(job);
    } catch {
      // `send.error` has it; what was typed stays, and so does its key.
    } finally {
      isUnderWay.current = false;
    }
  };

  return (
    <Form
      submit={strings.desk.send}
      busy={send.isPending}
      disabled={!isRead}
      failure={send.error}
      fields={fieldsOf(order)}
      onSubmit={() => void submit()}
    >
      <Field
        label={strings.desk.topic}
        placeholder={strings.desk.topicHint}
        value={order.topic}
        editable={isRead}
        onChangeText={(topic) => change({ topic })}
        error={errorOf('topic')}
        multiline
      />
      <Field
        label={strings.desk.brief}
        placeholder={strings.desk.briefHint}
        value={order.brief}
        editable={isRead}
        onChangeText={(brief) => change({ brief })}
        error={errorOf('brief')}
        multiline
        style={styles.brief}
      />
      <Sources sources={order.sources} onChange={(sources) => change({ sources })} errorOf={errorOf} />
      <TextButton label={isMore || hidden ? strings.desk.less : strings.desk.more} onPress={() => setMore(!isMore)} />
      {(isMore || hidden) && <Rest order={order} onChange={change} errorOf={errorOf} />}
      <Estimate words={order.words} images={order.images} />
      {Object.keys(mistakes).length > 0 && (
        <Text as="small" tone="danger" role="alert">
          {strings.desk.mend}
        </Text>
      )}
      {isTyped(order) && (
        <View style={styles.line}>
          <Text as="small" tone="quiet" style={styles.grow}>
            {strings.desk.kept}
          </Text>
          <TextButton
            label={isClearing ? strings.desk.clearSure : strings.desk.clear}
            tone="danger"
            onPress={() => (isClearing ? (clear(), setClearing(false)) : setClearing(true))}
          />
        </View>
      )}
    </Form>
  );
}

const HIDDEN = ['author', 'language', 'words', 'images', 'review', 'publish_at', 'tags'];

/** The fields that say themselves what the server found wrong in them. */
function fieldsOf(order: OrderDraft): string[] {
  return ['topic', 'brief', 'sources', ...HIDDEN, ...order.sources.flatMap((_, at) => ['url', 'text', 'title'].map((name) => `sources.${at}.${name}`))];
}

interface PartProps {
  errorOf: (path: string) => string | undefined;
}

function Sources({ sources, onChange, errorOf }: PartProps & { sources: SourceDraft[]; onChange: (sources: SourceDraft[]) => void }) {
  const { colours } = useTheme();
  const edit = (id: string, part: Partial<SourceDraft>): void => onChange(sources.map((one) => (one.id === id ? { ...one, ...part } : one)));
  const said = errorOf('sources');
  const isFull = sources.length >= MOST_SOURCES;
  return (
    <View style={styles.part}>
      <Text as="label">{strings.desk.sources}</Text>
      <Text as="small" tone="quiet">
        {strings.desk.sourcesHint}
      </Text>
      {sources.map((source, at) => (
        <View key={source.id} style={[styles.source, { borderColor: colours.line }]}>
          <View style={styles.fields}>
            {source.kind === 'url' ? (
              <Field
                label={strings.desk.sourceUrl(at + 1)}
                value={source.url}
                onChangeText={(url) => edit(source.id, { url })}
                placeholder="https://example.com/page"
                inputMode="url"
                autoCapitalize="none"
                autoCorrect={false}
                error={errorOf(`sources.${at}.url`)}
              />
            ) : (
              <>
                <Field
                  label={strings.desk.sourceTitle(at + 1)}
                  value={source.title}
                  onChangeText={(title) => edit(source.id, { title })}
                  error={errorOf(`sources.${at}.title`)}
                />
                <Field
                  label={strings.desk.sourceText(at + 1)}
                  value={source.text}
                  onChangeText={(text) => edit(source.id, { text })}
                  multiline
                  style={styles.pasted}
                  error={errorOf(`sources.${at}.text`)}
                />
              </>
            )}
          </View>
          <IconButton icon="close" label={strings.desk.removeSource(at + 1)} onPress={() => onChange(sources.filter((one) => one.id !== source.id))} />
        </View>
      ))}
      {said !== undefined && (
        <Text as="small" tone="danger" role="alert">
          {said}
        </Text>
      )}
      <View style={styles.chips}>
        <View style={styles.add}>
          <Button kind="plain" icon="plus" label={strings.desk.addUrl} disabled={isFull} onPress={() => onChange([...sources, newSource('url')])} />
        </View>
        <View style={styles.add}>
          <Button kind="plain" icon="plus" label={strings.desk.addText} disabled={isFull} onPress={() => onChange([...sources, newSource('text')])} />
        </View>
      </View>
    </View>
  );
}

function Rest({ order, onChange, errorOf }: PartProps & { order: OrderDraft; onChange: (part: Partial<OrderDraft>) => void }) {
  const { reviews, publishTimes } = strings.desk;
  const now = new Date();
  const times: [string, string][] = [
    [publishTimes.none, ''],
    [publishTimes.tomorrow, asTyped(morningOf('tomorrow', now))],
    [publishTimes.monday, asTyped(morningOf('monday', now))],
  ];
  return (
    <View style={styles.rest}>
      <Authors chosen={order.author} onChoose={(author) => onChange({ author })} error={errorOf('author')} />
      <View style={styles.pair}>
        <View style={styles.half}>
          <Field label={strings.desk.words} value={order.words} inputMode="numeric" onChangeText={(words) => onChange({ words })} error={errorOf('words')} />
        </View>
        <View style={styles.half}>
          <Field label={strings.desk.images} value={order.images} inputMode="numeric" onChangeText={(images) => onChange({ images })} error={errorOf('images')} />
        </View>
      </View>
      <Field
        label={strings.desk.language}
        placeholder={strings.desk.languageHint}
        value={order.language}
        autoCapitalize="none"
        autoCorrect={false}
        onChangeText={(language) => onChange({ language })}
        error={errorOf('language')}
      />
      <Choice label={strings.desk.review} error={errorOf('review')}>
        {(Object.keys(reviews) as ReviewChoice[]).map((review) => (
          <Chip key={review} label={reviews[review]} on={order.review === review} onPress={() => onChange({ review })} />
        ))}
      </Choice>
      <View style={styles.part}>
        <Field
          label={strings.desk.publishAt}
          placeholder={strings.desk.publishAtHint}
          value={order.publishAt}
          onChangeText={(publishAt) => onChange({ publishAt })}
          error={errorOf('publish_at')}
        />
        <View role="group" aria-label={strings.desk.publishAt} style={styles.chips}>
          {times.map(([label, publishAt]) => (
            <Chip key={label} label={label} on={order.publishAt === publishAt} onPress={() => onChange({ publishAt })} />
          ))}
        </View>
      </View>
      <Field
        label={strings.desk.tags}
        placeholder={strings.desk.tagsHint}
        value={order.tags}
        autoCapitalize="none"
        onChangeText={(tags) => onChange({ tags })}
        error={errorOf('tags') ?? errorOf('tags.0')}
      />
    </View>
  );
}

function Choice({ label, error, children }: { label: string; error?: string | undefined; children: React.ReactNode }) {
  return (
    <View role="group" aria-label={label} style={styles.part}>
      <Text as="label">{label}</Text>
      <View style={styles.chips}>{children}</View>
      {error !== undefined && (
        <Text as="small" tone="danger" role="alert">
          {error}
        </Text>
      )}
    </View>
  );
}

function Authors({ chosen, onChoose, error }: { chosen: string; onChoose: (handle: string) => void; error: string | undefined }) {
  const authors = useInfiniteQuery(authorsOptions());
  const found = itemsOf(authors.data);
  // What was chosen earlier can be taken back even if it is not among them any more.
  const isKnown = chosen === '' || found.some((one) => one.handle === chosen);
  return (
    <Choice label={strings.desk.author} error={error}>
      <Chip label={strings.desk.anyAuthor} on={chosen === ''} onPress={() => onChoose('')} />
      {!isKnown && <Chip label={chosen} on onPress={() => onChoose(chosen)} />}
      {found.map(({ handle, name }) => (
        <Chip key={handle} label={name} on={chosen === handle} onPress={() => onChoose(handle)} />
      ))}
      {authors.isError && found.length === 0 && (
        <Text as="small" tone="quiet">
          {strings.desk.authorsFailed}
        </Text>
      )}
    </Choice>
  );
}

const SETTLED_MS = 400;

function Estimate({ words, images }: { words: string; images: string }) {
  const asked = useSettled(`${words} ${images}`);
  const [wordsAsked = NaN, imagesAsked = NaN] = asked.split(' ').map(Number);
  const isAskable = wordsAsked >= WORDS.least && wordsAsked <= WORDS.most && imagesAsked >= IMAGES.least && imagesAsked <= IMAGES.most;
  const estimate = useQuery({ ...estimateOptions(wordsAsked, imagesAsked), enabled: isAskable, staleTime: 60_000 });
  const found = estimate.data;
  if (found === undefined) return null; // not known, or not for this person
  const { typical_usd, low_usd, high_usd, has_unknown } = found;
  const span = low_usd !== null && high_usd !== null && low_usd !== high_usd ? strings.desk.estimateSpan(dollars(low_usd), dollars(high_usd)) : '';
  const said =
    typical_usd === null
      ? strings.desk.estimateNothing
      : `${[strings.desk.estimate(dollars(typical_usd)), span, has_unknown ? strings.desk.estimateMore : ''].filter(Boolean).join(', ')}.`;
  return (
    <Text as="small" tone="quiet" role="status">
      {said}
    </Text>
  );
}

/** The value once it has not changed for a moment: nobody is asked about half a number. */
function useSettled(value: string): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), SETTLED_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}

const styles = StyleSheet.create({
  brief: { minHeight: 72, textAlignVertical: 'top' },
  pasted: { minHeight: 96, maxHeight: 240, textAlignVertical: 'top' },
  part: { gap: space.m },
  rest: { gap: space.l },
  // Large text on a small screen wraps inside the button.
  add: { maxWidth: '100%' },
  chips: { flexDirection: 'row', flexWrap: 'wrap', gap: space.s },
  source: { flexDirection: 'row', alignItems: 'flex-start', borderLeftWidth: 2, paddingLeft: space.m, borderRadius: radius.s },
  fields: { flex: 1, minWidth: 0, gap: space.s },
  pair: { flexDirection: 'row', flexWrap: 'wrap', gap: space.m },
  half: { flexGrow: 1, flexBasis: 120 },
  line: { flexDirection: 'row', flexWrap: 'wrap', alignItems: 'center' },
  grow: { flex: 1, minWidth: 120 },
});
