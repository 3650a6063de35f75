// Downloads over HTTP and FTP, as libcurl does for Mesos: the bytes are stored as they are sent.
// Any final status of HTTP but 200 is a failure; where it says that the server is in trouble, it is
// asked again a few times, when it says.
import type { IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { httpAnswer, type Proxies } from '../downloads/http-answer.ts';
import { pauseBefore } from '../downloads/patience.ts';
import { StallWatch } from '../downloads/stall-watch.ts';
import { type Arrival, type ArrivingFile, receive } from './arriving-file.ts';
import { FetchError, fetchErrorOf } from './fetch-error.ts';

/** Few agents ever ask an FTP server: what does so is loaded when it is needed. */
const ftpFile = async () => (await import('./ftp-source.ts')).FtpFile;

export interface RemoteFile {
  readonly uri: string;
  /** Whom it counts for, among all who wait for downloads; more may join. */
  readonly owners?: ReadonlySet<string>;
  /** A server that sends nothing for this long has failed. */
  readonly stallMs: number;
  readonly proxies?: Proxies | undefined;
  /** Called before a connection with TLS. */
  readonly beforeTls?: (() => void) | undefined;
}

export interface Download extends RemoteFile {
  /** Where the download is stored. Nothing may exist at this path; the new file is private. */
  readonly path: string;
  /** A file with more bytes has failed. */
  readonly maxBytes?: number | undefined;
  /** How long to wait before a server in trouble is asked again, the first time. */
  readonly retryMs?: number | undefined;
}

const MOST_TRIES = 3;
const RETRY_MS = 1_000;

export const isFtp = (uri: string) => /^ftps?:\/\//i.test(uri);
export const isHttp = (uri: string) => /^https?:\/\//i.test(uri);

/**
 * Throws FetchError, or the reason of the abort. A file that does not arrive whole is deleted.
 */
export function download(file: Download, abort: AbortSignal): Promise<Arrival> {
  return unlessStalled(file, abort, async (stall) => {
    if (isFtp(file.uri)) {
      using source = await (await ftpFile()).open(file.uri, stall.signal, file.beforeTls);
      return await arrival(file, stall, (to) => source.send(to));
    }
    const response = await lastAnswer(file, stall);
    try {
      return await arrival(file, stall, async (to) => {
        await to.expect(lengthOf(response) ?? 0);
        await pipeline(response, to, { signal: stall.signal });
      });
    } finally {
      response.destroy();
    }
  });
}

async function arrival(
  { path, maxBytes }: Download,
  stall: StallWatch,
  send: (to: ArrivingFile) => Promise<void>,
): Promise<Arrival> {
  try {
    return await receive({ path, maxBytes, onBytes: () => stall.refresh() }, send);
  } catch (error) {
    throw fetchErrorOf(error, true);
  }
}

/**
 * The size of a file as its server tells it, undefined where it does not. Throws as `download`.
 */
export function remoteBytes(file: RemoteFile, abort: AbortSignal): Promise<number | undefined> {
  return unlessStalled(file, abort, async ({ signal }) => {
    if (isFtp(file.uri)) {
      using source = await (await ftpFile()).open(file.uri, signal, file.beforeTls);
      return await source.bytes();
    }
    const response = await asked(file, 'HEAD', signal);
    response.destroy();
    refuseStatus(response);
    return lengthOf(response);
  });
}

async function lastAnswer(file: Download, stall: StallWatch): Promise<IncomingMessage> {
  const patience = { tries: MOST_TRIES, pauseMs: file.retryMs ?? RETRY_MS };
  for (let tries = 1; ; tries++) {
    const response = await asked(file, 'GET', stall.signal);
    stall.refresh();
    const { statusCode: status = 0, headers } = response;
    const pauseMs = pauseBefore({ status, headers }, tries, patience, Date.now());
    if (pauseMs === undefined) {
      refuseStatus(response);
      return response;
    }
    response.destroy();
    // It is not the server that stands still meanwhile.
    stall.stop();
    await delay(pauseMs, undefined, { signal: stall.signal });
    stall.refresh();
  }
}

const asked = (
  { uri, proxies, beforeTls }: RemoteFile,
  method: 'GET' | 'HEAD',
  signal: AbortSignal,
) => httpAnswer({ url: uri, method, proxies, beforeTls, signal });

function refuseStatus(response: IncomingMessage): void {
  const { statusCode } = response;
  if (statusCode !== 200) {
    response.destroy();
    throw new FetchError(`Error downloading resource, received HTTP return code ${statusCode}`);
  }
}

function lengthOf({ headers }: IncomingMessage): number | undefined {
  const bytes = Number(headers['content-length'] ?? Number.NaN);
  return Number.isSafeInteger(bytes) && bytes >= 0 ? bytes : undefined;
}

/** Ends `use` where it is given up, and where nothing comes for too long. */
async function unlessStalled<T>(
  { stallMs }: RemoteFile,
  abort: AbortSignal,
  use: (stall: StallWatch) => Promise<T>,
): Promise<T> {
  const stall = new StallWatch(stallMs, abort);
  try {
    return await use(stall);
  } catch (error) {
    abort.throwIfAborted();
    throw fetchErrorOf(stall.failure(error) ?? error, false);
  } finally {
    stall.stop();
  }
}
