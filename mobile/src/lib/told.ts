/** What a notification says, and where it leads. */
import type { Href } from 'expo-router';

import type { Notification } from '@/api/queries/notifications';
import { strings } from '@/strings';

export function wordsOfNotification(told: Notification): string {
  const words = strings.notifications;
  const by = told.by?.name ?? words.somebody;
  const title = told.post?.title ?? words.goneTitle;
  switch (told.kind) {
    case 'reply':
      return words.reply(by, title);
    case 'mention':
      return words.mention(by, title);
    case 'post':
      return words.post(textOf(told.detail.author) ?? textOf(told.detail.tag) ?? words.somebody, title);
    case 'correction':
      return words.correction(title);
    case 'moderation':
      return wordsOfAct(textOf(told.detail.action), title);
    default:
      return title; // a kind that is newer than this app
  }
}

/** What stands below the words: how the comment begins, what was corrected, what came of a report. */
export function excerptOf(told: Notification): string | null {
  if (told.kind === 'correction') return textOf(told.detail.text);
  if (told.kind === 'moderation') return textOf(told.detail.outcome) ?? told.comment?.excerpt ?? null;
  return told.comment?.excerpt ?? null;
}

/** Null: what it tells of is gone. */
export function placeOf(told: Notification): Href | null {
  if (told.post === null) return null;
  const { slug } = told.post;
  if (told.comment === null) return { pathname: '/post/[slug]', params: { slug } };
  return { pathname: '/post/[slug]/comments', params: { slug, comment: told.comment.id } };
}

function wordsOfAct(action: string | null, title: string): string {
  const words = strings.notifications;
  switch (action) {
    case 'approve':
      return words.approve(title);
    case 'remove':
      return words.remove(title);
    case 'restore':
      return words.restore(title);
    case 'close-report':
      return words.closeReport;
    default:
      return words.moderation;
  }
}

function textOf(found: unknown): string | null {
  return typeof found === 'string' && found !== '' ? found : null;
}
