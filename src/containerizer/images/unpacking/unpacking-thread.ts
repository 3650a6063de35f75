// The thread that unpacks layers, one after the other: the blob is decompressed, and the archive in
// it read, here; the operations that come of it are carried out by a program beside it. It answers
// each order with a message.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import type { Writable } from 'node:stream';
import { parentPort } from 'node:worker_threads';
import { codeOf } from '../../../filesystem/folder.ts';
import { errorText } from '../../../model/error-text.ts';
import { AciReader } from './aci-reader.ts';
import { CHUNK_BYTES, decompressed, freeChunk } from './decompression.ts';
import { LayerReader, type OperationSink } from './layer-reader.ts';
import { END, operationBytes, pieceBytes } from './operation-bytes.ts';
import { TarError } from './tar-error.ts';
import { shown, TarReader } from './tar-reader.ts';
import { STOP, type UnpackingAnswer, type UnpackingOrder } from './unpacker.ts';

const MAX_ANSWER_BYTES = 64 * 1024;

/** What the operations are written to, a piece at a time, and all in the same memory. */
class Pieces {
  #buffer = Buffer.allocUnsafeSlow(2 * CHUNK_BYTES);
  #bytes = 0;

  add(bytes: Buffer): void {
    const all = this.#bytes + bytes.length;
    if (all > this.#buffer.length) {
      const larger = Buffer.allocUnsafeSlow(2 * all);
      this.#buffer.copy(larger, 0, 0, this.#bytes);
      this.#buffer = larger;
    }
    this.#bytes += bytes.copy(this.#buffer, this.#bytes);
  }

  /** Nothing is added meanwhile. Rejects where the program has ended. */
  async write(to: Writable, atLeast: number): Promise<void> {
    if (this.#bytes < atLeast || this.#bytes === 0) {
      return;
    }
    const written = Promise.withResolvers<void>();
    to.write(this.#buffer.subarray(0, this.#bytes), (error) =>
      error ? written.reject(error) : written.resolve(),
    );
    await written.promise;
    this.#bytes = 0;
  }
}

async function unpack(
  order: UnpackingOrder,
  child: Child,
  signal: AbortSignal,
): Promise<UnpackingAnswer> {
  const pieces = new Pieces();
  const hash = createHash('sha256');
  const isAci = order.form === 'aci';
  const sink: OperationSink = {
    operation: (operation) => pieces.add(operationBytes(operation)),
    piece: (piece) => pieces.add(pieceBytes(piece)),
    content: (bytes) => pieces.add(bytes),
  };
  const layer = new LayerReader(order.bounds, sink, !isAci);
  const aci = isAci ? { reader: new AciReader(layer), hash: createHash('sha512') } : undefined;
  const archive = new TarReader(aci?.reader ?? layer);
  // What follows the end of the archive is a part of what has the digest.
  let after = order.bounds.bytes + order.bounds.entries * HEADER_BYTES;
  const take = async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) {
      after -= chunk.length;
      if (after < 0) {
        throw new TarError('it is larger than all files that a layer may have');
      }
      hash.update(chunk);
      aci?.hash.update(chunk);
      archive.push(chunk);
      freeChunk(chunk);
      await pieces.write(child.input, CHUNK_BYTES);
    }
  };
  await decompressed(order.blob, take, signal);
  archive.end();
  const manifest = aci?.reader.end();
  layer.end();
  pieces.add(END);
  await pieces.write(child.input, 0);
  child.input.end();
  await child.ended;
  if (child.said() !== 'ok') {
    throw new Error(child.loss());
  }
  const { entries, bytes, top, isOpaque, unlisted } = layer;
  const diffId = `sha256:${hash.digest('hex')}`;
  return {
    kind: 'unpacked',
    ...{ diffId, entries, bytes, top, isOpaque, unlisted },
    aci: aci && { id: `sha512-${aci.hash.digest('hex')}`, manifest: manifest ?? '' },
  };
}

/** The headers of an entry: its own, that of its long names, and these. */
const HEADER_BYTES = 4 * 512;

interface Child {
  readonly input: Writable;
  readonly ended: Promise<void>;
  /** `ok`, or why it does not go on. */
  said(): string;
  /** Of one that has ended before it was told all, and has said nothing. */
  loss(): string;
  /** Kills it, and waits for its end. */
  end(): Promise<void>;
}

function start({ program, folder }: UnpackingOrder): Child {
  const child = spawn(program, ['layer', folder], { stdio: ['pipe', 'pipe', 'ignore'], env: {} });
  let text = '';
  let how = '';
  const ended = new Promise<void>((resolve) => {
    child.on('error', (error) => {
      text = `Failed to execute '${program}': ${error.message}`;
      resolve();
    });
    child.on('close', (status, ending) => {
      how = ending ?? `status ${status}`;
      resolve();
    });
  });
  child.stdout.setEncoding('latin1').on('data', (more: string) => {
    text = (text + more).slice(0, MAX_ANSWER_BYTES);
  });
  // It says itself why it takes no more.
  child.stdin.on('error', () => undefined);
  return {
    input: child.stdin,
    ended,
    said: () => shown(text.trim()),
    loss: () => `the program that writes the files has ended early (${how})`,
    end: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** What writing to a program that has ended fails with. */
const LOSSES: readonly string[] = ['EPIPE', 'ECONNRESET', 'ABORT_ERR'];

const nothing = async () => undefined;
/** Ends the work that is being done. */
let stop: () => Promise<void> = nothing;

async function answer(order: UnpackingOrder): Promise<UnpackingAnswer> {
  const child = start(order);
  const over = new AbortController();
  void child.ended.then(() => over.abort());
  stop = child.end;
  try {
    return await unpack(order, child, over.signal);
  } catch (error) {
    await child.end();
    const isLost = LOSSES.includes(codeOf(error) ?? '');
    const text = child.said() || (isLost ? child.loss() : errorText(error));
    return refusal(error) ?? { kind: 'failed', text };
  } finally {
    stop = nothing;
  }
}

/** What is wrong with the layer, in words about it. */
function refusal(error: unknown): UnpackingAnswer | undefined {
  const code = codeOf(error);
  if (error instanceof TarError) {
    return { kind: 'refused', text: error.message };
  }
  if (code === 'Z_BUF_ERROR') {
    return { kind: 'refused', text: 'its compressed data end early' };
  }
  return code !== undefined && /^(Z_|ZSTD_)/.test(code)
    ? { kind: 'refused', text: `its compressed data are damaged (${errorText(error)})` }
    : undefined;
}

/** One at a time. What comes after a stop is the next layer. */
parentPort?.on('message', async (message: UnpackingOrder | typeof STOP) => {
  if (message === STOP) {
    await stop();
  } else {
    parentPort?.postMessage(await answer(message));
  }
});
