// Requests of the page to the master: every one says that the page makes it, and comes back as an
// answer or as a failure that says what a person can do about it.

/**
 * `signIn`: nobody knows who asks. `denied`: it is known, and not allowed. `moved`: another master
 * leads. `away`: no answer, or none for now. `refused`: the request is wrong, in the master's
 * words.
 */
type FailureKind = 'signIn' | 'denied' | 'moved' | 'away' | 'refused';

export class RequestFailure extends Error {
  readonly kind: FailureKind;
  readonly status: number;

  constructor(kind: FailureKind, message: string, status = 0, options: ErrorOptions = {}) {
    super(message, options);
    this.kind = kind;
    this.status = status;
  }
}

/** Of who has signed in and is refused, where the master says no more than that. */
export const NOT_ALLOWED = 'The master does not allow this to you.';
const NO_WORDS = '403 Forbidden.';

/**
 * A master that is frozen takes connections and answers none. This is longer than any answer takes
 * to begin, and an end to waiting.
 */
const ANSWER_MS = 120_000;

interface AskOptions extends RequestInit {
  /** Within which an answer has to begin. */
  readonly answerMs?: number;
}

/** A refusal is text, and shown: this much of it. */
const MAX_REFUSAL_LENGTH = 2000;

/** Told of an answer that asks to sign in, and resolves to whether that is done. */
let signInAgain: () => Promise<boolean> = async () => false;

export function onSignInNeeded(renew: () => Promise<boolean>): void {
  signInAgain = renew;
}

/** A URL below the page's own, which a proxy may have put anywhere. */
const urlOf = (path: string) => new URL(path.replace(/^\//, ''), document.baseURI);

/**
 * A response whose status is a success.
 * @throws RequestFailure
 */
export async function request(path: string, init: AskOptions = {}): Promise<Response> {
  const response = await send(path, init);
  if (response.status === 401 && (await signInAgain())) {
    return succeeded(await send(path, init));
  }
  return succeeded(response);
}

/**
 * A response as it comes, whatever its status.
 * @throws RequestFailure where there is none
 */
export async function send(
  path: string,
  { answerMs = ANSWER_MS, ...init }: AskOptions,
): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set('X-Mesoscale-Page', '1');
  const end = new AbortController();
  const timer = window.setTimeout(() => end.abort(), answerMs);
  try {
    return await fetch(urlOf(path), {
      ...init,
      headers,
      signal: init.signal ? AbortSignal.any([init.signal, end.signal]) : end.signal,
      credentials: 'same-origin',
      cache: 'no-store',
      redirect: 'manual',
    });
  } catch (cause) {
    if (init.signal?.aborted) {
      throw cause;
    }
    const words = end.signal.aborted
      ? `The master has not answered within ${answerMs / 1000} seconds.`
      : 'The master does not answer.';
    throw new RequestFailure('away', words, 0, { cause });
  } finally {
    window.clearTimeout(timer);
  }
}

async function succeeded(response: Response): Promise<Response> {
  if (response.ok) {
    return response;
  }
  if (response.type === 'opaqueredirect') {
    throw new RequestFailure('moved', 'Another master leads now.');
  }
  const { status } = response;
  const text = (await response.text().catch(() => '')).trim().slice(0, MAX_REFUSAL_LENGTH);
  const said = text.startsWith('<') ? '' : text;
  switch (status) {
    case 401:
      throw new RequestFailure('signIn', said || 'You are not signed in.', status);
    case 403:
      throw new RequestFailure(
        'denied',
        said === '' || said === NO_WORDS ? NOT_ALLOWED : said,
        status,
      );
    case 502:
    case 503:
    case 504:
      throw new RequestFailure('away', said || 'The master is not ready.', status);
    default:
      throw new RequestFailure('refused', said || `The master answered ${status}.`, status);
  }
}

/** What the master answers to a call of its operator API, in JSON: the part named as its type. */
export async function call<T>(type: string, body: object = {}, signal?: AbortSignal): Promise<T> {
  return operatorCall<T>('/api/v1', type, body, signal);
}

/** As `call`: all of the answer as it is written, where numbers matter to the last digit. */
export const callText = (type: string, signal?: AbortSignal): Promise<string> =>
  textOf('/api/v1', { type }, signal);

/** As `call`, of an agent, through the master. */
export async function agentCall<T>(
  agent: string,
  type: string,
  body: object = {},
  signal?: AbortSignal,
): Promise<T> {
  return operatorCall<T>(`/agent/${encodeURIComponent(agent)}/api/v1`, type, body, signal);
}

async function operatorCall<T>(
  path: string,
  type: string,
  body: object,
  signal: AbortSignal | undefined,
): Promise<T> {
  const text = await textOf(path, { type, ...body }, signal);
  const answer = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>;
  return (answer[type.toLowerCase()] ?? {}) as T;
}

async function textOf(
  path: string,
  call: object,
  signal: AbortSignal | undefined,
): Promise<string> {
  const response = await request(path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
    body: JSON.stringify(call),
    signal: signal ?? null,
  });
  return response.text();
}
