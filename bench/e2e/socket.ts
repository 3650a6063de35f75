// A socket for load: what is written in one turn of the loop leaves as one packet.
import net from 'node:net';
import tls from 'node:tls';
import type { Pems } from './tls.ts';

export interface PipeOptions {
  readonly host: string;
  readonly port: number;
  /** The local address, to spread simulated agents over the loopback range. */
  readonly localAddress?: string;
  /** Without, nothing is encrypted. */
  readonly pems?: Pems | undefined;
  readonly onOpen?: () => void;
  readonly onData: (chunk: Uint8Array) => void;
  /** Called once, when the connection is refused, reset or ended. */
  readonly onDown: () => void;
}

export class Pipe {
  readonly #socket: net.Socket;
  #pending: Uint8Array[] = [];
  #scheduled = false;
  #down = false;

  constructor(options: PipeOptions) {
    const { host, port, pems, localAddress } = options;
    const where = { host, port, ...(localAddress === undefined ? {} : { localAddress }) };
    this.#socket = pems === undefined ? net.connect(where) : tls.connect({ ...where, ...pems });
    this.#socket.setNoDelay(true);
    const down = () => {
      if (!this.#down) {
        this.#down = true;
        options.onDown();
      }
    };
    if (options.onOpen !== undefined) {
      this.#socket.on(pems === undefined ? 'connect' : 'secureConnect', options.onOpen);
    }
    this.#socket.on('data', options.onData);
    this.#socket.on('error', down);
    this.#socket.on('close', down);
    this.#socket.on('end', down);
  }

  push(bytes: Uint8Array): void {
    this.#pending.push(bytes);
    if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(() => this.#flush());
    }
  }

  close(): void {
    this.#down = true;
    this.#socket.destroy();
  }

  #flush(): void {
    this.#scheduled = false;
    const parts = this.#pending;
    this.#pending = [];
    if (!this.#down) {
      this.#socket.write(parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts));
    }
  }
}

/** Counts the responses on a pipelined connection, and hands on the status of each. */
export class AnswerReader {
  #rest = Buffer.alloc(0);
  readonly #onAnswer: (status: number, body: string) => void;

  constructor(onAnswer: (status: number, body: string) => void) {
    this.#onAnswer = onAnswer;
  }

  push(chunk: Uint8Array): void {
    let data = this.#rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#rest, chunk]);
    for (;;) {
      const end = data.indexOf('\r\n\r\n');
      if (end < 0) {
        break;
      }
      const head = data.toString('latin1', 0, end);
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
      if (data.length < end + 4 + length) {
        break;
      }
      const status = Number(head.slice(9, 12));
      const body = length === 0 ? '' : data.toString('utf8', end + 4, end + 4 + length);
      data = data.subarray(end + 4 + length);
      this.#onAnswer(status, body);
    }
    this.#rest = Buffer.from(data);
  }
}

/** Skips the head of a chunked response and hands on the bytes inside the chunks. */
export class ChunkReader {
  readonly #onHead: (status: number, head: string) => void;
  readonly #onBytes: (bytes: Uint8Array) => void;
  #rest = Buffer.alloc(0);
  #head = false;
  /** How many bytes of the current chunk are still to come, its closing CRLF included. */
  #left = 0;

  constructor(
    onHead: (status: number, head: string) => void,
    onBytes: (bytes: Uint8Array) => void,
  ) {
    this.#onHead = onHead;
    this.#onBytes = onBytes;
  }

  push(chunk: Uint8Array): void {
    let data = this.#rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#rest, chunk]);
    if (!this.#head) {
      const end = data.indexOf('\r\n\r\n');
      if (end < 0) {
        this.#rest = data;
        return;
      }
      this.#head = true;
      const head = data.toString('latin1', 0, end);
      this.#onHead(Number(head.slice(9, 12)), head);
      data = data.subarray(end + 4);
    }
    while (data.length > 0) {
      if (this.#left === 0) {
        const line = data.indexOf('\r\n');
        if (line < 0) {
          break;
        }
        this.#left = Number.parseInt(data.toString('latin1', 0, line), 16) + 2;
        data = data.subarray(line + 2);
      } else {
        const take = Math.min(this.#left, data.length);
        const payload = Math.min(take, Math.max(0, this.#left - 2));
        if (payload > 0) {
          this.#onBytes(data.subarray(0, payload));
        }
        this.#left -= take;
        data = data.subarray(take);
      }
    }
    this.#rest = Buffer.from(data);
  }
}
