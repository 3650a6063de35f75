// The records of a request's body, one after the other as they arrive: the body may go on for as
// long as the client likes. It is read no faster than the records are taken.
import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { RecordReader } from '../../wire/record-io.ts';
import { WireError } from '../../wire/wire-error.ts';
import { type HeldBytes, type Holder, held } from '../transport/held-bytes.ts';
import { REQUEST_STALL_MS, REQUEST_TOTAL_MS } from '../transport/limits.ts';
import { isUnreadable } from '../transport/unreadable.ts';
import { badRequest, bodyEnded, malformedRequest, requestTimeout } from './error-responses.ts';
import { encodingOf, refusedByHead } from './request-body.ts';
import type { HttpResponse } from './response.ts';

export interface RecordBounds {
  /** The most bytes of a record. */
  readonly limitBytes: number;
  /** How long the client may send nothing before its first record. */
  readonly stallMs?: number | undefined;
  /** How long the first record may take. */
  readonly totalMs?: number | undefined;
  readonly held?: HeldBytes | undefined;
}

/** `end` where the client has ended the request; `stopped` where `stop` was called. */
export type NextRecord = Uint8Array | HttpResponse | 'end' | 'stopped';

export class RequestRecords implements Holder {
  readonly #request: IncomingMessage;
  readonly #source: Readable;
  readonly #reader: RecordReader;
  readonly #held: HeldBytes;
  readonly #ready: Uint8Array[] = [];
  #last: Exclude<NextRecord, Uint8Array> | undefined;
  #wake: (() => void) | undefined;
  #stall: NodeJS.Timeout | undefined;
  #total: NodeJS.Timeout | undefined;
  /** The bytes of the record that is not complete yet. */
  #begun = 0;

  constructor(request: IncomingMessage, bounds: RecordBounds) {
    this.#request = request;
    this.#reader = new RecordReader(bounds.limitBytes);
    this.#held = bounds.held ?? held;
    const refusal = isUnreadable(request)
      ? malformedRequest
      : refusedByHead(request, Number.POSITIVE_INFINITY);
    const isPacked = refusal === undefined && encodingOf(request) === 'gzip';
    this.#source = isPacked ? request.pipe(createGunzip()) : request;
    if (refusal !== undefined) {
      this.#end(refusal);
      return;
    }
    const late = () => this.#end(requestTimeout);
    this.#stall = setTimeout(late, bounds.stallMs ?? REQUEST_STALL_MS).unref();
    this.#total = setTimeout(late, bounds.totalMs ?? REQUEST_TOTAL_MS).unref();
    request.on('close', this.#break);
    request.on('error', this.#break);
    this.#source.on('error', (error) =>
      this.#end(this.#source === request ? malformedRequest : badRequest(unpackingError(error))),
    );
    this.#source.on('data', this.#take);
    this.#source.on('end', () => this.#end(this.#reader.idle ? 'end' : bodyEnded));
  }

  /** To be called again only when it has resolved. */
  async next(): Promise<NextRecord> {
    if (this.#ready.length === 0 && this.#last === undefined) {
      this.#source.resume();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#ready.shift() ?? this.#last ?? malformedRequest;
  }

  /** Calls back when the client disconnects before it has ended the request. */
  onBroken(broken: () => void): void {
    this.#request.once('close', () => {
      if (!this.#request.complete) {
        broken();
      }
    });
  }

  /** Lets `next` resolve, now or when it is called, to `stopped`. */
  stop(): void {
    this.#ready.length = 0;
    this.#end('stopped');
  }

  cutOff(): void {
    this.#end(malformedRequest);
    this.#request.socket.destroy();
  }

  readonly #take = (piece: Buffer) => {
    this.#stall?.refresh();
    try {
      const records = this.#reader.push(piece);
      this.#begun = records.length > 0 ? 0 : this.#begun + piece.length;
      this.#held.hold(this, this.#begun);
      if (records.length === 0) {
        return;
      }
      this.#ready.push(...records);
    } catch (error) {
      if (!(error instanceof WireError)) {
        throw error;
      }
      this.#end(badRequest(error.message));
      return;
    }
    this.#stopTimers();
    this.#source.pause();
    this.#wakeUp();
  };

  /** The rest will not come; but a body that has come may still have to be unpacked. */
  readonly #break = () => {
    if (!this.#request.complete) {
      this.#end(malformedRequest);
    }
  };

  #end(last: Exclude<NextRecord, Uint8Array>): void {
    this.#last ??= last;
    this.#stopTimers();
    this.#held.release(this);
    this.#source.off('data', this.#take);
    this.#wakeUp();
  }

  #stopTimers(): void {
    clearTimeout(this.#stall);
    clearTimeout(this.#total);
    this.#stall = undefined;
  }

  #wakeUp(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}

const unpackingError = (error: Error) => `Failed to unpack the gzip body: ${error.message}`;
