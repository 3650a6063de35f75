// Downloads over HTTP, as libcurl does for Mesos: the bytes are stored as they are sent, redirects
// are followed, and the URI's user and password are sent. Any final status but 200 is a failure.
import { createWriteStream } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { httpAnswer, type Proxies } from '../downloads/http-answer.ts';
import { explained } from '../downloads/http-failure.ts';
import { StallWatch } from '../downloads/stall-watch.ts';
import { FetchError } from './fetch-error.ts';

export interface Download {
  readonly uri: string;
  /** Where the download is stored. Nothing may exist at this path; the new file is private. */
  readonly path: string;
  /** A download that receives nothing for this long has failed. */
  readonly stallMs: number;
  readonly proxies?: Proxies | undefined;
  readonly abort: AbortSignal;
}

/** Throws FetchError, or the reason of the abort. */
export async function download({ uri, path, stallMs, proxies, abort }: Download): Promise<void> {
  const stall = new StallWatch(stallMs, abort);
  let response: IncomingMessage | undefined;
  try {
    response = await httpAnswer({ url: uri, proxies, signal: stall.signal });
    stall.refresh();
    if (response.statusCode !== 200) {
      throw new FetchError(
        `Error downloading resource, received HTTP return code ${response.statusCode}`,
      );
    }
    const file = createWriteStream(path, { flags: 'wx', mode: 0o600 });
    await pipeline(refreshing(response, stall), file, { signal: stall.signal });
  } catch (error) {
    abort.throwIfAborted();
    if (error instanceof FetchError) {
      throw error;
    }
    const failure = stall.failure(error) ?? explained(error, response !== undefined);
    throw new FetchError(`Error downloading resource: ${failure.message}`, {
      detail: failure.detail,
      cause: failure,
    });
  } finally {
    stall.stop();
    response?.destroy();
  }
}

async function* refreshing(chunks: AsyncIterable<Uint8Array>, stall: StallWatch) {
  for await (const chunk of chunks) {
    stall.refresh();
    yield chunk;
  }
}
