// The thread in which files are moved: what it costs to receive, decrypt, sum and store them is
// not taken from the agent's loop.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { addAbortSignal } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parentPort } from 'node:worker_threads';
import { errorText } from '../../model/error-text.ts';
import { trustMachine } from '../downloads/machine-trust.ts';
import { answer } from '../threads/answering.ts';
import { type Arrival, receive } from './arriving-file.ts';
import { type Download, download, type RemoteFile, remoteBytes } from './download.ts';
import { FetchError } from './fetch-error.ts';

/** A copy of one of the agent's files. */
export interface Copy {
  readonly from: string;
  /** Nothing may exist at this path; the new file is private. */
  readonly path: string;
  readonly maxBytes?: number | undefined;
}

/** What can be asked for, and what each gives. */
export interface Transfers {
  download(file: Download, abort: AbortSignal): Promise<Arrival>;
  remoteBytes(file: RemoteFile, abort: AbortSignal): Promise<number | undefined>;
  /** To be called when there is another one among the owners of a file. */
  joined(): void;
  copy(file: Copy, abort: AbortSignal): Promise<Arrival>;
  /** What an arrival of the file would be. */
  measure(path: string, abort: AbortSignal): Promise<Arrival>;
}

export interface TransferFailure {
  readonly text: string;
  readonly detail: string | undefined;
  readonly isHere: boolean;
}

const beforeTls = trustMachine;
const transfers: Omit<Transfers, 'joined'> = {
  download: (file, abort) => download({ ...file, beforeTls }, abort),
  remoteBytes: (file, abort) => remoteBytes({ ...file, beforeTls }, abort),
  copy,
  measure,
};
answer(parentPort, transfers, failureOf);

function copy({ from, path, maxBytes }: Copy, signal: AbortSignal): Promise<Arrival> {
  return receive({ path, maxBytes }, (to) => pipeline(reading(from), to, { signal }));
}

async function measure(path: string, abort: AbortSignal): Promise<Arrival> {
  const sum = createHash('sha256');
  let bytes = 0;
  for await (const chunk of addAbortSignal(abort, reading(path))) {
    bytes += chunk.length;
    sum.update(chunk);
  }
  return { bytes, sha256: sum.digest('hex') };
}

const reading = (path: string) => createReadStream(path, { highWaterMark: 2 ** 18 });

function failureOf(error: unknown): TransferFailure {
  return error instanceof FetchError
    ? { text: error.message, detail: error.detail, isHere: error.isHere }
    : { text: errorText(error), detail: undefined, isHere: true };
}
