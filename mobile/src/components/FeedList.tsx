/** The feed on a phone: rows are recycled, and the list opens where it was left. */
import { FlashList, type FlashListRef } from '@shopify/flash-list';
import { useImperativeHandle, useRef, useState } from 'react';
import { View, type NativeScrollEvent, type NativeSyntheticEvent } from 'react-native';

import type { FeedItem } from '@/api/queries/feed';
import { topOf } from '@/lib/anchor';
import { feedPlace, keepFeedPlace } from '@/state/place';

import type { FeedListProps } from './FeedList.types';

export function FeedList({ name, posts, renderPost, footer, header, onEnd, onStart, isRenewing, onRenew, ref }: FeedListProps) {
  const list = useRef<FlashListRef<FeedItem>>(null);
  const [opening] = useState(() => {
    const place = feedPlace(name);
    const index = posts.findIndex(({ slug }) => slug === place?.post);
    return place === null || index < 0 ? null : { index, dy: place.dy };
  });

  useImperativeHandle(ref, () => ({
    toStart: () => {
      keepFeedPlace(name, null);
      list.current?.scrollToOffset({ offset: 0, animated: false });
    },
  }));

  const keep = ({ nativeEvent }: NativeSyntheticEvent<NativeScrollEvent>): void => {
    const edge = nativeEvent.contentOffset.y - (list.current?.getFirstItemOffset() ?? 0);
    const top = topOf(posts.length, edge, (index) => {
      const row = list.current?.getLayout(index);
      return row === undefined ? null : { y: row.y, height: row.height };
    });
    const post = top === null ? undefined : posts[top.index];
    if (top !== null && post !== undefined) keepFeedPlace(name, { post: post.slug, dy: top.dy });
  };

  return (
    <View style={{ flex: 1 }}>
      <FlashList
        ref={list}
        data={posts}
        keyExtractor={(post) => post.slug}
        renderItem={({ item }) => renderPost(item)}
        {...(opening !== null && { initialScrollIndex: opening.index, initialScrollIndexParams: { viewOffset: opening.dy } })}
        // What is let go or added above must not move what is being read.
        maintainVisibleContentPosition={{ autoscrollToTopThreshold: -1 }}
        onScroll={keep}
        scrollEventThrottle={100}
        onEndReached={onEnd}
        onEndReachedThreshold={1}
        onStartReached={onStart}
        refreshing={isRenewing}
        onRefresh={onRenew}
        ListHeaderComponent={header}
        ListFooterComponent={footer}
      />
    </View>
  );
}
