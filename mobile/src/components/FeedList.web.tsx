/**
 * The feed in a browser: all loaded rows stand in the page, and the browser skips those out of sight. FlashList forgets its
 * offset when its screen is hidden, and Back to the first entry mounts the tree anew: hence the place is kept by post.
 */
import { useFocusEffect } from 'expo-router';
import { useCallback, useImperativeHandle, useLayoutEffect, useRef } from 'react';
import { ScrollView, StyleSheet, View, type ViewStyle } from 'react-native';

import { topOf, type Extent } from '@/lib/anchor';
import { endFirst } from '@/state/first';
import { feedPlace, keepFeedPlace } from '@/state/place';

import type { FeedListProps } from './FeedList.types';

/** Rows get their true height when they are first drawn, which moves those below: the place is taken again for so long. */
const FRAMES = 6;
/** How near its end (in screens) the list asks for more. */
const NEAR = 1.5;

export function FeedList({ name, posts, renderPost, footer, header, onEnd, onStart, ref }: FeedListProps) {
  const scroller = useRef<ScrollView>(null);
  const list = useRef<View>(null);
  const rows = useRef(new Map<string, HTMLElement>());
  const settling = useRef(0);
  const first = useRef(posts[0]?.slug);

  const page = useCallback((): HTMLElement | null => (scroller.current?.getScrollableNode() as HTMLElement | undefined) ?? null, []);

  /** Have the page show the place; false where there is none. */
  const align = useCallback((): boolean => {
    const place = feedPlace(name);
    const node = page();
    const row = place === null ? undefined : rows.current.get(place.post);
    if (node === null || place === null || row === undefined || node.clientHeight === 0) return false;
    const off = row.getBoundingClientRect().top - node.getBoundingClientRect().top + place.dy;
    if (Math.abs(off) >= 0.5) node.scrollTop += off;
    return true;
  }, [name, page]);

  const settle = useCallback(() => {
    cancelAnimationFrame(settling.current);
    let left = FRAMES;
    const step = (): void => {
      settling.current = 0;
      if (!align()) return;
      left -= 1;
      if (left > 0) settling.current = requestAnimationFrame(step);
    };
    step();
  }, [align]);

  // A frame's rows get their height when its callbacks have run: without this it would be painted some posts farther down.
  useLayoutEffect(() => {
    const watch = new ResizeObserver(() => settling.current !== 0 && align());
    if (list.current !== null) watch.observe(list.current as unknown as HTMLElement);
    return () => watch.disconnect();
  }, [align]);

  // Before the first frame is painted, and again whenever the screen comes back.
  useLayoutEffect(() => {
    endFirst();
    settle();
    return () => cancelAnimationFrame(settling.current);
  }, [settle]);
  useFocusEffect(useCallback(() => settle(), [settle]));

  // Pages were let go or came back above: what is being read stays where it is.
  useLayoutEffect(() => {
    if (first.current !== posts[0]?.slug) settle();
    first.current = posts[0]?.slug;
  }, [posts, settle]);

  useImperativeHandle(ref, () => ({
    toStart: () => {
      keepFeedPlace(name, null);
      cancelAnimationFrame(settling.current);
      settling.current = 0;
      page()?.scrollTo({ top: 0 });
    },
  }));

  const keep = (): void => {
    const node = page();
    // A hidden page has no height and stands at 0: that is nobody's place.
    if (node === null || node.clientHeight === 0 || settling.current !== 0) return;
    const edge = node.getBoundingClientRect().top;
    const top = topOf(posts.length, edge, (index): Extent | null => {
      const box = rows.current.get(posts[index]?.slug ?? '')?.getBoundingClientRect();
      return box === undefined ? null : { y: box.top, height: box.height };
    });
    const post = top === null ? undefined : posts[top.index];
    if (top !== null && post !== undefined) keepFeedPlace(name, { post: post.slug, dy: top.dy });
    if (node.scrollHeight - node.scrollTop - node.clientHeight < NEAR * node.clientHeight) onEnd();
    if (node.scrollTop < node.clientHeight) onStart();
  };

  return (
    <ScrollView ref={scroller} onScroll={keep} scrollEventThrottle={50} style={styles.page} contentContainerStyle={styles.inside}>
      {header}
      <View ref={list} role="list">
        {posts.map((post) => (
          <View
            key={post.slug}
            role="listitem"
            style={skipped}
            ref={(row) => {
              if (row === null) rows.current.delete(post.slug);
              else rows.current.set(post.slug, row as unknown as HTMLElement);
            }}
          >
            {renderPost(post)}
          </View>
        ))}
      </View>
      {footer}
    </ScrollView>
  );
}

// Words of CSS that React Native's types do not have.
const skipped = { contentVisibility: 'auto', containIntrinsicSize: 'auto 480px' } as unknown as ViewStyle;

const styles = StyleSheet.create({
  page: { flex: 1 },
  inside: { flexGrow: 1 },
});
