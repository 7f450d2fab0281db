/** The cards that a browser's page draws before the app is there; native apps have none. `first.web.ts` has the rest. */
import type { FeedKind, FeedPage } from '@/api/queries/feed';

/** The feed's first page, if the page already asked for it. */
export function takeFirstPage(_kind: FeedKind): Promise<FeedPage | null> | null {
  return null;
}

/** The app's own screen stands now. */
export function endFirst(): void {}

/** The path of the post that was pressed meanwhile. */
export function wantedFirst(): string | null {
  return null;
}
