/** Where a link in a post may lead: another page, a letter, or a post of this blog. Nothing else is ever opened. */
import { router } from 'expo-router';
import { Linking } from 'react-native';

import { addressOf, connection } from '@/api/client';

const WEB = /^https?:\/\/[^\s\p{Cc}]+$/iu;
const LETTER = /^mailto:[^\s\p{Cc}]+$/iu;
const OF_THIS_BLOG = /^\/(?![/\\])[^\s\p{Cc}\\]*$/u;

/** The address that may be opened, or null: `javascript:`, `data:`, `//elsewhere` and the like lead nowhere. */
export function safeAddress(href: string | null | undefined): string | null {
  if (href === null || href === undefined) return null;
  if (OF_THIS_BLOG.test(href)) return addressOf(href);
  return WEB.test(href) || LETTER.test(href) ? href : null;
}

/** The slug, if the address is that of a post of the connected blog. */
export function slugOf(address: string): string | null {
  const path = address.startsWith(`${connection.origin}/`) ? address.slice(connection.origin.length) : '';
  const slug = /^\/p\/([^/?#]+)\/?(?:[?#].*)?$/.exec(path)?.[1];
  try {
    return slug === undefined ? null : decodeURIComponent(slug);
  } catch {
    return null;
  }
}

export function follow(href: string | null | undefined): void {
  const address = safeAddress(href);
  if (address === null) return;
  const slug = slugOf(address);
  if (slug !== null) router.push({ pathname: '/post/[slug]', params: { slug } });
  else void Linking.openURL(address).catch(() => {}); // no program for it: nothing happens, as in a browser
}
