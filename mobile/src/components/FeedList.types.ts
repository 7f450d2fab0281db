import type { ReactElement, Ref } from 'react';

import type { FeedItem } from '@/api/queries/feed';

export interface FeedListHandle {
  /** Show the first post, and take that for the place. */
  toStart(): void;
}

export interface FeedListProps {
  /** Under which the place is kept. */
  name: string;
  posts: readonly FeedItem[];
  renderPost: (post: FeedItem) => ReactElement;
  /** Stands below the last post. */
  footer: ReactElement;
  /** Stands above the first one, where posts were let go. */
  header: ReactElement | null;
  onEnd: () => void;
  onStart: () => void;
  isRenewing: boolean;
  onRenew: () => void;
  ref?: Ref<FeedListHandle>;
}
