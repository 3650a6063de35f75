// The bytes of one blob: verified, and gone on with where a connection ended early. There is a
// failure at their end if what arrived is not what was named.
import { ContainerizerError } from '../../containerizer-error.ts';
import { Verification } from '../verification.ts';
import { type Answer, ask, Interruption, MOST_TRIES, pause, unexpected } from './asking.ts';
import type { Session } from './session.ts';

export interface Blob {
  readonly digest: string;
  readonly size: number | undefined;
  /** Where else it can be had, if the registry does not have it. */
  readonly urls: readonly string[];
  /** The most bytes of one of unknown size. */
  readonly most: number;
  /** In errors: after "Failed to fetch". */
  readonly name: string;
}

/** After so many bytes an interruption is the first one again. */
const PROGRESS = 2 ** 20;

const named = ({ name }: Blob, error: unknown) =>
  error instanceof ContainerizerError
    ? new ContainerizerError(`Failed to fetch ${name}: ${error.message}`, { cause: error })
    : error;

/** Throws ContainerizerError, or the reason of the abort. */
export async function* blobBytes(
  session: Session,
  blob: Blob,
  abort: AbortSignal,
): AsyncIterable<Uint8Array> {
  const verification = new Verification(blob, blob.most);
  let failures = 0;
  let safe = 0;
  try {
    for (let isWhole = false; !isWhole; ) {
      try {
        const answer = await open(session, blob, verification.count, abort);
        yield* verified(answer, verification);
        isWhole = true;
      } catch (error) {
        // One that has not begun yet is not gone on with.
        const isOver = !(error instanceof Interruption) || verification.count === 0;
        failures = verification.count - safe >= PROGRESS ? 1 : failures + 1;
        safe = verification.count;
        if (isOver || failures >= MOST_TRIES) {
          throw error;
        }
        await pause(session.manner.pauseMs * 2 ** (failures - 1), abort);
      }
    }
    const problem = verification.end();
    if (problem !== undefined) {
      throw new ContainerizerError(problem);
    }
  } catch (error) {
    throw named(blob, error);
  }
}

/** The rest of the blob; a server that sends all of it again sends what is there already, too. */
async function* verified(answer: Answer, verification: Verification) {
  let toSkip = answer.status === 206 ? 0 : verification.count;
  let received = 0;
  for await (const chunk of answer.body) {
    received += chunk.length;
    const fresh = chunk.subarray(Math.min(toSkip, chunk.length));
    toSkip -= chunk.length - fresh.length;
    if (fresh.length > 0) {
      const problem = verification.add(fresh);
      if (problem !== undefined) {
        throw new ContainerizerError(problem);
      }
      yield fresh;
    }
  }
  const isComplete = answer.headers['content-length'] === String(received);
  if (!isComplete && verification.isShort) {
    throw new Interruption('the connection ended before the file did');
  }
}

async function open(
  session: Session,
  blob: Blob,
  from: number,
  abort: AbortSignal,
): Promise<Answer> {
  const range = from === 0 ? {} : { range: `bytes=${from}-` };
  const answer = await session.get(`blobs/${blob.digest}`, range, abort);
  if (fits(answer, from)) {
    return answer;
  }
  answer.close();
  if (answer.status === 404) {
    // Who asks is the registry's affair, and none of the servers that an image names.
    for (const url of blob.urls.filter((each) => /^https?:\/\//.test(each))) {
      const question = { url, headers: range, registry: undefined, abort };
      const other = await ask(question, session.manner).catch((error) => {
        abort.throwIfAborted();
        return error instanceof ContainerizerError ? undefined : Promise.reject(error);
      });
      if (other !== undefined && fits(other, from)) {
        return other;
      }
      other?.close();
    }
  }
  throw unexpected(answer.status, 'to download the blob');
}

/** Whether the answer has the bytes from there on, or all of them. */
const fits = ({ status, headers }: Answer, from: number) =>
  status === 200 ||
  (status === 206 && from > 0 && headers['content-range']?.startsWith(`bytes ${from}-`) === true);
