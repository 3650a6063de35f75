// The agent's side of a container's switchboard (launchers/process/supervisor/switchboard.c): it
// reads the output of the container's process, and writes its input. Each is a connection of its
// own to a socket among the container's records, so that a later agent attaches just the same.
import { closeSync, constants, openSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { codeOf } from '../../filesystem/folder.ts';
import { ContainerizerError } from '../containerizer-error.ts';

/** There is nothing to attach to: the container writes right into files, or has ended. */
export class NotAttachableError extends ContainerizerError {
  /** There is no such container, or not any more. */
  readonly isGone: boolean;

  constructor(text: string, options: ErrorOptions & { readonly isGone: boolean }) {
    super(text, options);
    this.isGone = options.isGone;
  }
}

export interface Output {
  readonly stream: 'stdout' | 'stderr';
  readonly data: Buffer;
}

/** What an input connection has ended with. */
export type InputEnd =
  /** Everything has gone to the process. */
  | 'taken'
  /** Another connection for input is open. */
  | 'busy'
  /** There is no terminal to give a size. */
  | 'noTerminal'
  /** The process has closed its standard input. */
  | 'notRead'
  /** The container has ended. */
  | 'disconnected';

const HEAD_BYTES = 5;
/** The supervisor writes shorter frames. */
const MAX_FRAME_BYTES = 64 * 1024;

const STREAMS: Readonly<Record<string, Output['stream']>> = { o: 'stdout', e: 'stderr' };
const INPUT_ENDS: Readonly<Record<string, InputEnd>> = {
  k: 'taken',
  b: 'busy',
  n: 'noTerminal',
  p: 'notRead',
};

/**
 * Connects with the switchboard of the container that has its records in this folder. The owner of
 * a session is the reader with whom the session ends. Rejects with NotAttachableError.
 */
export async function attachOutput(folder: string, as: 'reader' | 'owner'): Promise<OutputReader> {
  return new OutputReader(await dial(folder, as === 'owner' ? 'S' : 'O'));
}

export async function attachInput(folder: string): Promise<InputWriter> {
  return new InputWriter(await dial(folder, 'I'));
}

/** Resolves when the purpose of the connection is on its way. */
async function dial(folder: string, purpose: string): Promise<Socket> {
  let descriptor: number;
  try {
    descriptor = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (error) {
    throw new NotAttachableError(`Failed to look for the container: ${String(error)}`, {
      cause: error,
      isGone: codeOf(error) === 'ENOENT',
    });
  }
  let socket: Socket;
  try {
    // The path of a socket must be short, and this one may lie deep.
    socket = await patientlyConnected(`/proc/self/fd/${descriptor}/io`, purpose);
  } catch (error) {
    throw new NotAttachableError(
      codeOf(error) === 'ENOENT'
        ? 'I/O switchboard server was disabled for this container'
        : `Failed to connect with the container's I/O switchboard: ${String(error)}`,
      { cause: error, isGone: codeOf(error) === 'ECONNREFUSED' },
    );
  } finally {
    closeSync(descriptor);
  }
  // From here on an error is the end of the connection.
  socket.removeAllListeners('error').on('error', () => undefined);
  return socket;
}

/** How often, and after how long, it is tried again where many connect at once. */
const MAX_TRIES = 100;
const RETRY_MS = 10;

async function patientlyConnected(path: string, purpose: string): Promise<Socket> {
  for (let tries = 1; ; tries++) {
    try {
      return await connected(path, purpose);
    } catch (error) {
      if (codeOf(error) !== 'EAGAIN' || tries === MAX_TRIES) {
        throw error;
      }
      await delay(RETRY_MS);
    }
  }
}

function connected(path: string, purpose: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path, allowHalfOpen: true });
    const failed = (error: Error) => {
      socket.destroy();
      reject(error);
    };
    socket.once('error', failed);
    socket.once('connect', () => {
      socket.write(purpose, (error) => (error ? failed(error) : resolve(socket)));
    });
  });
}

/** The output from now on. Who does not read it slows the container's process down. */
export class OutputReader implements AsyncIterable<Output> {
  /** Resolves when the connection has ended. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  #isWhole = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
  }

  /** Whether all output has been read: else the reader was cut off, or the supervisor killed. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  close(): void {
    this.#socket.destroy();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Output> {
    let rest: Buffer = Buffer.alloc(0);
    try {
      for await (const chunk of this.#socket as AsyncIterable<Buffer>) {
        const bytes: Buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
        let at = 0;
        while (bytes.length - at >= HEAD_BYTES) {
          const kind = String.fromCharCode(bytes[at] ?? 0);
          const size = bytes.readUInt32LE(at + 1);
          if (size > MAX_FRAME_BYTES) {
            // Nothing that this version knows.
            return;
          }
          if (bytes.length - at - HEAD_BYTES < size) {
            break;
          }
          const data = bytes.subarray(at + HEAD_BYTES, at + HEAD_BYTES + size);
          at += HEAD_BYTES + size;
          const stream = STREAMS[kind];
          if (stream === undefined) {
            this.#isWhole = true;
            return;
          }
          yield { stream, data };
        }
        rest = bytes.subarray(at);
      }
    } catch (error) {
      if (codeOf(error) === undefined) {
        throw error;
      }
      // The connection broke: what was read is all there is.
    } finally {
      this.#socket.destroy();
    }
  }
}

/** The input of a container's process: bytes, sizes of its terminal, the end. */
class InputWriter {
  readonly #socket: Socket;
  readonly ended: Promise<InputEnd>;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.ended = new Promise((resolve) => {
      socket.once('data', (bytes: Buffer) =>
        resolve(INPUT_ENDS[bytes.toString('latin1', 0, 1)] ?? 'disconnected'),
      );
      socket.once('close', () => resolve('disconnected'));
      socket.once('end', () => socket.destroy());
    });
  }

  /** Resolves when there is room for more. */
  async write(data: Uint8Array): Promise<void> {
    for (let at = 0; at < data.length; at += MAX_FRAME_BYTES) {
      await this.#send('i', data.subarray(at, at + MAX_FRAME_BYTES));
    }
  }

  /** Closes the standard input of the process; a terminal stays open. */
  close(): Promise<void> {
    return this.#send('c', new Uint8Array(0));
  }

  resize(rows: number, columns: number): Promise<void> {
    const size = Buffer.alloc(4);
    size.writeUInt16LE(rows, 0);
    size.writeUInt16LE(columns, 2);
    return this.#send('w', size);
  }

  /** Nothing more is sent; `ended` follows when the process has got everything. */
  end(): void {
    this.#socket.end();
  }

  /** Ends at once, with what has not gone to the process. */
  abort(): void {
    this.#socket.destroy();
  }

  async #send(kind: string, data: Uint8Array): Promise<void> {
    const frame = Buffer.allocUnsafe(HEAD_BYTES + data.length);
    frame.write(kind, 0, 'latin1');
    frame.writeUInt32LE(data.length, 1);
    frame.set(data, HEAD_BYTES);
    if (!this.#socket.destroyed && !this.#socket.write(frame)) {
      await new Promise<void>((resolve) => {
        const done = () => {
          this.#socket.off('drain', done).off('close', done);
          resolve();
        };
        this.#socket.on('drain', done).on('close', done);
      });
    }
  }
}
