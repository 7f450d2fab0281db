/** The place in the post that is open: found again, followed, written down, and told to the blog. */
import { useQuery } from '@tanstack/react-query';
import { useFocusEffect } from 'expo-router';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { AppState, type LayoutChangeEvent, type NativeScrollEvent, type NativeSyntheticEvent, type ScrollView } from 'react-native';

import type { Block } from '@/api/queries/posts';
import { placeOptions, useProgress } from '@/api/queries/social';
import { isDrawn } from '@/components/Blocks';
import type { Extent } from '@/lib/anchor';
import { fits, isWorthReturning, laterOf, offsetOf, placeAt, type Page, type Spot } from '@/lib/reading';

import { keepPostPlace, postPlace, type PostPlace } from './place';
import { usePrefs } from './prefs';
import { useSession } from './session';

/** A scroll that comes later than this after ours is the person's. */
const OURS_MS = 300;
/** So long after the last scroll the blog is told, so that a screenful costs no request. */
const TELL_MS = 2500;
/** What fits into the view is never scrolled: seen for so long, it is read. */
const SEEN_MS = 3000;

export type Notice = { t: 'continued' } | { t: 'elsewhere'; place: PostPlace } | null;

export interface Reading {
  notice: Notice;
  onScroll(event: NativeSyntheticEvent<NativeScrollEvent>): void;
  onView(event: LayoutChangeEvent): void;
  onContent(width: number, height: number): void;
  onBody(event: LayoutChangeEvent): void;
  onBlock(id: string, y: number, height: number): void;
  toStart(): void;
  goTo(place: PostPlace): void;
  /** Bring a block into sight, if it is not. */
  show(block: string, animated: boolean): void;
  /** The block at the upper edge. */
  here(): string | null;
}

export function useReading(slug: string, blocks: readonly Block[], covered: number, scroller: React.RefObject<ScrollView | null>): Reading {
  const page = useRef<{ [name in keyof Page]: Page[name] }>({ order: [], extents: new Map<string, Extent>(), top: 0, content: 0, view: 0 });
  const y = useRef(0);
  const settledAt = useRef(0);
  const settledTo = useRef(0);
  const hasScrolled = useRef(false);
  const [opening] = useState(() => postPlace(slug));
  const pending = useRef<Spot | null>(isWorthReturning(opening) ? opening : null);
  const [notice, setNotice] = useState<Notice>(isWorthReturning(opening) ? { t: 'continued' } : null);
  const told = useTold(slug);
  const order = useMemo(() => orderOf(blocks), [blocks]);
  useEffect(() => {
    page.current.order = order;
  }, [order]);

  const settle = useCallback(() => {
    if (pending.current === null) return;
    const offset = offsetOf(page.current, pending.current, covered);
    if (offset === null) return;
    settledAt.current = Date.now();
    settledTo.current = offset;
    scroller.current?.scrollTo({ y: offset, animated: false });
  }, [covered, scroller]);

  const { later } = told;
  const reach = useCallback(
    (place: Spot | null) => {
      if (place === null) return;
      keepPostPlace(slug, { ...place, at: new Date().toISOString() });
      later(place);
    },
    [slug, later],
  );

  const seen = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const watch = useCallback(() => {
    clearTimeout(seen.current);
    if (fits(page.current)) seen.current = setTimeout(() => reach(placeAt(page.current, 0, covered)), SEEN_MS);
  }, [reach, covered]);
  useFocusEffect(
    useCallback(() => {
      watch();
      return () => clearTimeout(seen.current);
    }, [watch]),
  );

  const goTo = useCallback(
    (place: PostPlace) => {
      pending.current = place;
      settle();
      keepPostPlace(slug, place);
    },
    [settle, slug],
  );

  // Another size of text moves every line: what is being read stays where it is.
  const { textSize, lineHeight, width } = usePrefs();
  const look = `${textSize} ${lineHeight} ${width}`;
  const looked = useRef(look);
  useEffect(() => {
    if (looked.current !== look && hasScrolled.current) pending.current = placeAt(page.current, y.current, covered);
    looked.current = look;
  }, [look, covered]);

  useElsewhere(slug, (place) => {
    if (hasScrolled.current) return setNotice({ t: 'elsewhere', place });
    goTo(place);
    setNotice({ t: 'continued' });
  });

  return {
    notice,
    onScroll: ({ nativeEvent: { contentOffset, contentSize, layoutMeasurement } }) => {
      y.current = contentOffset.y;
      page.current.content = contentSize.height;
      page.current.view = layoutMeasurement.height;
      if (pending.current !== null && Date.now() - settledAt.current < OURS_MS) return;
      if (layoutMeasurement.height === 0) return; // hidden
      pending.current = null;
      hasScrolled.current = true;
      // A screen further on nobody wants to be told any more where they began.
      if (notice?.t === 'continued' && Math.abs(y.current - settledTo.current) > page.current.view) setNotice(null);
      reach(placeAt(page.current, y.current, covered));
    },
    onView: ({ nativeEvent }) => {
      page.current.view = nativeEvent.layout.height;
      watch();
    },
    onContent: (_width, height) => {
      page.current.content = height;
      settle();
      watch();
    },
    onBody: ({ nativeEvent }) => {
      page.current.top = nativeEvent.layout.y;
      settle();
    },
    onBlock: (id, top, height) => {
      (page.current.extents as Map<string, Extent>).set(id, { y: top, height });
      settle();
    },
    toStart: () => {
      pending.current = null;
      setNotice(null);
      scroller.current?.scrollTo({ y: 0, animated: false });
    },
    goTo: (place) => {
      setNotice(null);
      goTo(place);
    },
    show: (block, animated) => {
      const extent = page.current.extents.get(block);
      if (extent === undefined) return;
      const top = page.current.top + extent.y;
      const isSeen = top >= y.current + covered && top + extent.height <= y.current + page.current.view - covered;
      if (!isSeen) scroller.current?.scrollTo({ y: Math.max(0, top - covered - 16), animated });
    },
    here: () => placeAt(page.current, y.current, covered)?.block ?? null,
  };
}

/** The notes stand at the end, whatever their order among the blocks. */
function orderOf(blocks: readonly Block[]): string[] {
  const drawn = blocks.filter(isDrawn);
  return [...drawn, ...blocks.filter(({ t }) => t === 'note')].map(({ id }) => id);
}

/** Tell the blog of the last place: a while after the last scroll, and on leaving. */
function useTold(slug: string): { later(place: Spot): void } {
  const { mutate } = useProgress(slug);
  const isKnown = useSession().person !== null;
  const waiting = useRef<Spot | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const tell = useCallback(() => {
    clearTimeout(timer.current);
    if (waiting.current !== null) mutate({ block: waiting.current.block, fraction: waiting.current.fraction });
    waiting.current = null;
  }, [mutate]);
  useFocusEffect(useCallback(() => tell, [tell]));
  useEffect(() => {
    const active = AppState.addEventListener('change', (state) => state !== 'active' && tell());
    return () => {
      active.remove();
      tell();
    };
  }, [tell]);
  return useMemo(
    () => ({
      later: (place) => {
        if (!isKnown) return;
        waiting.current = place;
        clearTimeout(timer.current);
        timer.current = setTimeout(tell, TELL_MS);
      },
    }),
    [isKnown, tell],
  );
}

/** Heard once for each place that the person reached elsewhere, later than here. */
function useElsewhere(slug: string, found: (place: PostPlace) => void): void {
  const isKnown = useSession().person !== null;
  const { data, refetch } = useQuery({ ...placeOptions(slug), enabled: isKnown, retry: false });
  const heard = useRef('');
  const tell = useRef(found);
  useEffect(() => {
    tell.current = found;
  });
  const place = data?.place ?? null;
  useEffect(() => {
    const own = postPlace(slug);
    if (place === null || place.at === heard.current || laterOf(own, place) !== place) return;
    heard.current = place.at;
    if (place.block !== own?.block && isWorthReturning(place)) tell.current(place);
  }, [place, slug]);
  useEffect(() => {
    if (!isKnown) return;
    const active = AppState.addEventListener('change', (state) => state === 'active' && void refetch());
    return () => active.remove();
  }, [isKnown, refetch]);
}
