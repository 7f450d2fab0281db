/** Why a blog could not be connected, each cause in a sentence of its own. */
import { asTrouble } from '@/api/trouble';
import { strings, wordsOf } from '@/strings';

export interface Refusal {
  /** Beside which field it stands. */
  field: 'address' | 'code';
  words: string;
}

export function refusalOf(failure: unknown, address: string): Refusal {
  const trouble = asTrouble(failure);
  const says = strings.connect.refusals;
  const at = (words: string): Refusal => ({ field: 'address', words });
  const isPlain = /^\s*http:\/\//i.test(address);
  switch (trouble.kind) {
    case 'offline':
      if (isPlain) return at(says.plainHttp);
      return at(isUnknownHost(trouble.detail) ? says.unknownHost : says.unreachable);
    case 'tls':
      return at(says.tls);
    case 'timeout':
      return at(says.timeout);
    case 'wrong-address':
      if (trouble.code === 'not-blogen') return at(says.notBlogen);
      // Without a status nothing was asked: what was typed is no address.
      return at(trouble.status === undefined ? says.noAddress : says.page);
    case 'invalid':
    case 'gone':
      return at(trouble.code === undefined ? says.notBlogen : (trouble.detail ?? says.notBlogen));
    case 'old-server':
      return at(says.oldServer);
    case 'signed-out':
    case 'wrong-password':
      return trouble.code === undefined ? at(says.notBlogen) : { field: 'code', words: says.code };
    case 'refused':
      if (trouble.code === undefined) return at(says.notBlogen);
      return { field: 'code', words: wordsOf(trouble).body };
    default: {
      const words = wordsOf(trouble);
      return at(`${words.title}. ${words.body}`);
    }
  }
}

function isUnknownHost(detail: string | undefined): boolean {
  return /resolve host|hostname could not be found|ENOTFOUND|NAME_NOT_RESOLVED|no address associated/i.test(detail ?? '');
}
