/** What a reviewer has struck and noted in a draft, kept on this device until it is sent. */
import { useUnsent } from './unsent';

export interface Review {
  note: string;
  /** Ids of blocks. */
  strike: string[];
}

export interface ReviewForm extends Review {
  isRead: boolean;
  setNote(note: string): void;
  toggle(block: string): void;
  replace(review: Review): void;
  clear(): void;
}

export function useReview(jobId: string): ReviewForm {
  const { text, isRead, setText } = useUnsent(`review:${jobId}`);
  const { note, strike } = readReview(text);
  const replace = (next: Review): void => setText(next.note === '' && next.strike.length === 0 ? '' : JSON.stringify(next));
  return {
    note,
    strike,
    isRead,
    replace,
    setNote: (words) => replace({ note: words, strike }),
    toggle: (block) => replace({ note, strike: strike.includes(block) ? strike.filter((one) => one !== block) : [...strike, block] }),
    clear: () => setText(''),
  };
}

function readReview(kept: string): Review {
  try {
    const found = JSON.parse(kept) as Partial<Record<keyof Review, unknown>>;
    const strike = Array.isArray(found.strike) ? found.strike.filter((one): one is string => typeof one === 'string') : [];
    return { note: typeof found.note === 'string' ? found.note : '', strike };
  } catch {
    return { note: '', strike: [] };
  }
}
