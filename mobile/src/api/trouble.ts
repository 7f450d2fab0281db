/** Everything that can go wrong between the app and its blog, as one error with a `kind`. Its words are in `strings.ts`. */

export type TroubleKind =
  | 'offline' // nothing answers: no network, no such host, nobody listens
  | 'tls' // the certificate is not trusted
  | 'timeout'
  | 'wrong-address' // something answers, but it is no Blogen (a page instead of JSON)
  | 'old-server' // a Blogen that does not know this call
  | 'broken-answer' // half an answer
  | 'signed-out' // 401
  | 'wrong-password' // 401 too, but of a sign-in: it ends no session
  | 'refused' // 403
  | 'gone' // 404, 410
  | 'changed' // 409, 412: somebody was quicker
  | 'invalid' // 400, 413, 415, 422: `fields` says where
  | 'too-many' // 429
  | 'busy' // 502, 503, 504
  | 'server'; // 500

export interface TroubleDetail {
  status?: number;
  code?: string;
  /** The server's own words: what was wrong, and how to mend it. */
  detail?: string;
  remedy?: string;
  /** By the field's path. */
  fields?: Record<string, string>;
  /** How long to wait. */
  seconds?: number;
}

export class Trouble extends Error {
  override readonly name = 'Trouble';
  readonly status: number | undefined;
  readonly code: string | undefined;
  readonly detail: string | undefined;
  readonly remedy: string | undefined;
  readonly fields: Record<string, string>;
  readonly seconds: number | undefined;

  constructor(
    readonly kind: TroubleKind,
    about: TroubleDetail = {},
  ) {
    super(about.detail ?? kind);
    this.status = about.status;
    this.code = about.code;
    this.detail = about.detail;
    this.remedy = about.remedy;
    this.fields = about.fields ?? {};
    this.seconds = about.seconds;
  }

  /** Whether the same request may well succeed later, without anybody changing anything. */
  get passes(): boolean {
    return PASSING.has(this.kind);
  }
}

const PASSING: ReadonlySet<TroubleKind> = new Set([
  'offline', 'tls', 'timeout', 'wrong-address', 'broken-answer', 'too-many', 'busy', 'server',
] as const); // prettier-ignore

/** What `fetch` threw. The certificate is told apart by words, since no platform gives a code for it. */
export function troubleOfFailure(failure: unknown): Trouble {
  if (failure instanceof Trouble) return failure;
  const words = failure instanceof Error ? failure.message : String(failure);
  const isTls = /certificate|ssl|tls|trust anchor/i.test(words);
  return new Trouble(isTls ? 'tls' : 'offline', { detail: words });
}

/** What an answer that is no success says. */
export function troubleOfAnswer(response: Response, body: string): Trouble {
  const { status } = response;
  const problem = readProblem(body);
  const kind = kindOf(status, problem);
  return new Trouble(kind, {
    status,
    code: textOf(problem?.code),
    detail: textOf(problem?.detail),
    remedy: textOf(problem?.remedy),
    fields: fieldsOf(problem?.errors),
    seconds: secondsOf(response.headers.get('Retry-After')),
  });
}

/** Whatever was thrown, for those who catch `unknown`. */
export function asTrouble(thrown: unknown): Trouble {
  return thrown instanceof Trouble ? thrown : troubleOfFailure(thrown);
}

function kindOf(status: number, problem: Record<string, unknown> | null): TroubleKind {
  if (status === 502 || status === 503 || status === 504) return 'busy'; // a proxy's page says so too
  if (problem === null) return status >= 500 ? 'server' : 'wrong-address';
  switch (status) {
    case 401:
      return problem.code === 'wrong-password' ? 'wrong-password' : 'signed-out';
    case 403:
      return 'refused';
    case 404:
    case 410:
      return 'gone';
    case 405:
    case 501:
      return 'old-server';
    case 408:
      return 'timeout';
    case 409:
    case 412:
      return 'changed';
    case 429:
      return 'too-many';
    default:
      return status >= 500 ? 'server' : 'invalid';
  }
}

function readProblem(body: string): Record<string, unknown> | null {
  try {
    const found: unknown = JSON.parse(body);
    return typeof found === 'object' && found !== null ? (found as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function fieldsOf(errors: unknown): Record<string, string> {
  const fields: Record<string, string> = {};
  if (!Array.isArray(errors)) return fields;
  for (const error of errors as { path?: unknown; message?: unknown }[]) {
    if (typeof error?.path === 'string' && typeof error.message === 'string') fields[error.path] ??= error.message;
  }
  return fields;
}

function textOf(found: unknown): string | undefined {
  return typeof found === 'string' && found !== '' ? found : undefined;
}

function secondsOf(header: string | null): number | undefined {
  const seconds = Number(header ?? NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? Math.ceil(seconds) : undefined;
}
