/** Every text of the app, in one object, so that another language is another object of the same type. */
import type { Trouble, TroubleKind } from '@/api/trouble';

interface TroubleWords {
  title: string;
  body: string;
  /** What the button says that leads on. */
  action: string;
}

const trouble: Record<TroubleKind, TroubleWords> = {
  offline: { title: 'The blog cannot be reached', body: 'Look whether you are online. What you have read before is still here.', action: 'Try again' },
  tls: { title: 'The connection is not safe', body: 'The blog’s certificate is not trusted. Its owner has to renew it; until then nothing is sent.', action: 'Try again' },
  timeout: { title: 'The blog takes too long', body: 'It did not answer within 20 seconds.', action: 'Try again' },
  'wrong-address': { title: 'This is no Blogen', body: 'Something else answered: a sign-in page of the network, or another program. Check the address and the Wi-Fi.', action: 'Try again' },
  'old-server': { title: 'The blog is older than this app', body: 'It does not know what was asked of it. Its owner has to update it.', action: 'Try again' },
  'broken-answer': { title: 'Half an answer', body: 'The connection broke while the answer came.', action: 'Try again' },
  'signed-out': { title: 'You are signed out', body: 'Sign in to go on. What you did meanwhile is kept.', action: 'Sign in' },
  'wrong-password': { title: 'That did not match', body: 'Check the name and the password.', action: 'Try again' },
  refused: { title: 'You may not do that', body: 'Your account has too few rights for it.', action: 'Go back' },
  gone: { title: 'It is not there', body: 'It was removed, or never was.', action: 'Go back' },
  changed: { title: 'Somebody was quicker', body: 'It has changed since you looked at it.', action: 'Look again' },
  invalid: { title: 'Something has to be mended', body: 'The blog cannot use what was sent.', action: 'Mend it' },
  'too-many': { title: 'Too much at once', body: 'The blog asks you to wait a little.', action: 'Try again' },
  busy: { title: 'The blog is busy', body: 'It is starting, or has too much to do.', action: 'Try again' },
  server: { title: 'The blog made a mistake', body: 'The fault is on its side, and its log tells more.', action: 'Try again' },
};

export const strings = {
  appName: 'Blogen',
  tabs: { feed: 'Feed', explore: 'Explore', desk: 'Desk', saved: 'Saved', you: 'You' },
  trouble,
  waitSeconds: (seconds: number) => `Try again in ${seconds} s.`,
  loading: 'Loading',
  more: 'Show more',
  close: 'Close',
  back: 'Back',
  retry: 'Try again',
  feed: {
    title: 'Feed',
    empty: 'No posts yet',
    emptyBody: 'What this blog publishes will appear here.',
    end: 'That is all.',
  },
  post: {
    byline: (name: string, when: string) => `${name} · ${when}`,
    minutes: (minutes: number) => `${minutes} min`,
    likes: (likes: number) => (likes === 1 ? '1 like' : `${likes} likes`),
    comments: (comments: number) => (comments === 1 ? '1 comment' : `${comments} comments`),
    like: 'Like',
    unlike: 'Take the like back',
    save: 'Save',
    unsave: 'Remove from saved',
    share: 'Share',
    disclosure: {
      'ai-assisted': 'Written with AI, reviewed by a person',
      'ai-autonomous': 'Written by AI, reviewed by nobody',
      none: '',
    },
  },
  offlineNote: 'You are offline: this is what was here last.',
  pending: (count: number) => (count === 1 ? '1 thing waits to be sent' : `${count} things wait to be sent`),
  connect: {
    title: 'Which blog?',
    body: 'The address of a blog that runs Blogen.',
    address: 'Address',
    go: 'Connect',
  },
  time: {
    now: 'just now',
    minutes: (n: number) => `${n} min ago`,
    hours: (n: number) => `${n} h ago`,
    days: (n: number) => (n === 1 ? 'yesterday' : `${n} days ago`),
  },
} as const;

/** Title, body and way on of a trouble. Where the server's own words are about what the person did, they stand. */
export function wordsOf(found: Trouble): TroubleWords {
  const words = trouble[found.kind];
  const isOwn = ['invalid', 'refused', 'changed', 'wrong-password', 'too-many'].includes(found.kind);
  const own = isOwn ? [found.detail, found.remedy].filter(Boolean).join(' ') : '';
  const wait = found.seconds === undefined ? '' : strings.waitSeconds(found.seconds);
  return { ...words, body: [own || words.body, wait].filter(Boolean).join(' ') };
}
