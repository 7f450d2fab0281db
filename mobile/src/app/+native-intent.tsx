import { routeOf } from '@/lib/deepLinks';
import { knownOrigin } from '@/state/session';

/** Called by the router before it opens a link from outside. It must not throw: a link that is no good opens the feed. */
export async function redirectSystemPath({ path }: { path: string; initial: boolean }): Promise<string> {
  try {
    return routeOf(path, await knownOrigin());
  } catch {
    return '/';
  }
}
