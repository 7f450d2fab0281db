/** Times as people say them. */
import { strings } from '@/strings';

const MINUTE = 60_000;

export function ago(iso: string, now: number = Date.now()): string {
  const at = Date.parse(iso);
  const minutes = Math.floor((now - at) / MINUTE);
  if (minutes < 1) return strings.time.now;
  if (minutes < 60) return strings.time.minutes(minutes);
  if (minutes < 24 * 60) return strings.time.hours(Math.floor(minutes / 60));
  if (minutes < 7 * 24 * 60) return strings.time.days(Math.floor(minutes / (24 * 60)));
  return new Date(at).toLocaleDateString(undefined, { year: 'numeric', month: 'short', day: 'numeric' });
}
