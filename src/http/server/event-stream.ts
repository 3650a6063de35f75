// A response that does not end: events as RecordIO records, each record in a chunk of its own,
// because popular clients take chunks for records. All events of a turn, or of a longer time where
// that is asked for, leave in one write.
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { IoTurn } from '../../runtime/io-turn.ts';
import type { EventSink } from '../../runtime/pending-requests.ts';
import { writeJson } from '../../wire/json.ts';
import type { MessageType } from '../../wire/message-type.ts';
import { encodeMessage } from '../../wire/protobuf.ts';
import { type HeldBytes, type Holder, held } from '../transport/held-bytes.ts';
import { type Codec, MEDIA_TYPE_OF } from './content-negotiation.ts';
import type { Pieces } from './response-stream.ts';

/** An event as a stream sends it: JSON, or protobuf. */
export type StreamRecord = string | Uint8Array;

export const encodeRecord = <Event>(
  type: MessageType<Event>,
  event: Event,
  codec: Codec,
): StreamRecord => (codec === 'json' ? writeJson(type, event) : encodeMessage(type, event));

/** A record within its chunk, as several streams may send it. */
export function framed(record: StreamRecord): Uint8Array {
  const size = typeof record === 'string' ? Buffer.byteLength(record) : record.length;
  const head = headOf(size);
  const bytes = Buffer.allocUnsafe(head.length + size + END.length);
  bytes.write(head, 'latin1');
  if (typeof record === 'string') {
    bytes.write(record, head.length, 'utf8');
  } else {
    bytes.set(record, head.length);
  }
  bytes.set(END, head.length + size);
  return bytes;
}

/** The size lines of a chunk, and of the record that is in it. */
function headOf(size: number): string {
  const lengthLine = `${size}\n`;
  return `${(size + lengthLine.length).toString(16)}\r\n${lengthLine}`;
}

/** Of a chunk. */
const END = Buffer.from('\r\n');

export interface EventStreamOptions<Event> {
  readonly response: ServerResponse;
  readonly type: MessageType<Event>;
  readonly codec: Codec;
  readonly turn: IoTurn;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The event that is sent every `everyMs` after `startHeartbeats`. */
  readonly heartbeat?: { readonly event: Event; readonly everyMs: number } | undefined;
  /** How far apart writes are at least: readers of a busy stream get more events with each. */
  readonly apartMs?: number | undefined;
  /** Called when the stream has ended other than by `close`. */
  readonly onLost: () => void;
  /** Bounds the bytes that the readers of all streams have not taken. */
  readonly held?: HeldBytes | undefined;
}

/**
 * The most bytes that may wait for a slow reader; beyond them the stream is cut off. The first
 * offers of a large cluster are tens of megabytes at once.
 */
const MAX_STREAM_BYTES = 128 * 1024 * 1024;

/** The most bytes in one write: each write that completes shows that the reader goes on. */
const MAX_WRITE_BYTES = 1024 * 1024;

/** Records of this size are written as they are; smaller ones are gathered for a write. */
const LARGE_RECORD_BYTES = 32 * 1024;

/** What a stream holds is told when it is so much more: seldom, as records are many and small. */
const TOLD_BYTES = 64 * 1024;

const INITIAL_BUFFER_BYTES = 4 * 1024;
/** Room for a chunk's size line, a record's length line and the chunk's end. */
const FRAME_BYTES = 40;

export class EventStream<Event> implements EventSink<Event>, Holder {
  readonly #options: EventStreamOptions<Event>;
  readonly #held: HeldBytes;
  #socket: Socket | undefined;
  #buffer = Buffer.alloc(0);
  #length = 0;
  /** Bytes that wait for the end of the current write; they are written part by part. */
  readonly #untaken: Uint8Array[] = [];
  #untakenBytes = 0;
  #isWriting = false;
  #flushAsked = false;
  #flushedMs = Number.NEGATIVE_INFINITY;
  /** What waits for a record that is being made; undefined while none is. */
  #behind: Uint8Array[] | undefined;
  #behindBytes = 0;
  #toldBytes = 0;
  #closesThen = false;
  #closed = false;
  #heartbeat: NodeJS.Timeout | undefined;

  /** Sends the head of the response. */
  constructor(options: EventStreamOptions<Event>) {
    this.#options = options;
    this.#held = options.held ?? held;
    const { response } = options;
    response.writeHead(200, {
      'Content-Type': MEDIA_TYPE_OF[options.codec],
      'Transfer-Encoding': 'chunked',
      ...options.headers,
    });
    response.flushHeaders();
    if (response.destroyed || response.socket?.destroyed) {
      // The client has disconnected before the state machine answered.
      options.turn.atEnd(() => this.#onClose());
    }
    response.once('close', () => this.#onClose());
    // A pipelined response gets its socket only after the responses before it.
    if (response.socket) {
      this.#take(response.socket);
    } else {
      response.once('socket', (socket: Socket) => {
        this.#take(socket);
        this.#askFlush();
      });
    }
  }

  #take(socket: Socket): void {
    this.#socket = socket;
    // A stream may be silent for any time.
    socket.setTimeout(0);
  }

  /** Starts the heartbeats; the first comes after one interval. */
  startHeartbeats(): void {
    const { heartbeat } = this.#options;
    if (!heartbeat || this.#heartbeat || this.#closed) {
      return;
    }
    this.#heartbeat = setInterval(() => this.send(heartbeat.event), heartbeat.everyMs);
    this.#heartbeat.unref();
  }

  get codec(): Codec {
    return this.#options.codec;
  }

  send(event: Event): void {
    if (!this.#closed) {
      this.sendRecord(encodeRecord(this.#options.type, event, this.codec));
    }
  }

  /** Sends an event that is encoded already, in the codec of this stream. */
  sendRecord(record: StreamRecord): void {
    if (this.#closed) {
      return;
    }
    if (this.#behind !== undefined) {
      this.sendFramed(framed(record));
      return;
    }
    if (typeof record === 'string') {
      this.#appendText(record);
    } else {
      this.#appendBytes(record);
    }
    this.#grown();
  }

  /** As `sendRecord`, of one within its chunk: other streams may have the same bytes. */
  sendFramed(bytes: Uint8Array): void {
    if (this.#closed) {
      return;
    }
    if (this.#behind !== undefined) {
      this.#behind.push(bytes);
      this.#behindBytes += bytes.length;
    } else if (bytes.length >= LARGE_RECORD_BYTES) {
      this.#gather();
      this.#addUntaken(bytes);
    } else {
      this.#reserve(bytes.length);
      this.#buffer.set(bytes, this.#length);
      this.#length += bytes.length;
    }
    this.#grown();
  }

  /** As `sendRecord`, of one that is made meanwhile; what is sent later comes after it. */
  async sendMade(record: Promise<Pieces>): Promise<void> {
    const behind: Uint8Array[] = [];
    this.#behind = behind;
    const pieces = await record.catch(() => undefined);
    this.#behind = undefined;
    this.#behindBytes = 0;
    if (this.#closed) {
      return;
    }
    if (pieces === undefined) {
      this.cutOff();
      return;
    }
    this.#appendPieces(pieces);
    for (const later of behind) {
      this.sendFramed(later);
    }
    this.#grown();
    if (this.#closesThen) {
      this.close();
    }
  }

  get #bytes(): number {
    return this.#length + this.#untakenBytes + this.#behindBytes;
  }

  #grown(): void {
    const bytes = this.#bytes;
    if (bytes > MAX_STREAM_BYTES) {
      this.cutOff();
      return;
    }
    if (bytes >= this.#toldBytes + TOLD_BYTES) {
      this.#toldBytes = bytes;
      this.#held.grow(this, bytes);
    }
    this.#askFlush();
  }

  close(): void {
    if (this.#closed) {
      return;
    }
    if (this.#behind !== undefined) {
      this.#closesThen = true;
      return;
    }
    this.#closed = true;
    clearInterval(this.#heartbeat);
    this.#flush();
    this.#endWhenWritten();
  }

  /** Ends the stream: the reader leaves too much untaken, or all readers together do. */
  cutOff(): void {
    this.#options.response.destroy();
    this.#onClose();
  }

  #onClose(): void {
    this.#held.release(this);
    this.#untaken.length = 0;
    this.#buffer = Buffer.alloc(0);
    this.#length = 0;
    if (this.#closed) {
      return;
    }
    this.#closed = true;
    clearInterval(this.#heartbeat);
    this.#options.onLost();
  }

  #appendBytes(record: Uint8Array): void {
    this.#beginChunk(record.length);
    this.#buffer.set(record, this.#length);
    this.#length += record.length;
    this.#endChunk();
  }

  #appendText(record: string): void {
    const size = Buffer.byteLength(record);
    this.#beginChunk(size);
    this.#length += this.#buffer.write(record, this.#length, size, 'utf8');
    this.#endChunk();
  }

  /** The pieces are sent as they are: other streams may have them, too. */
  #appendPieces(pieces: Pieces): void {
    const size = pieces.reduce((sum, piece) => sum + piece.length, 0);
    this.#reserve(0);
    this.#writeFrame(size);
    this.#gather();
    this.#untaken.push(...pieces);
    this.#untakenBytes += size;
    this.#reserve(0);
    this.#endChunk();
  }

  #beginChunk(size: number): void {
    this.#reserve(size);
    this.#writeFrame(size);
  }

  /** Room for a record in its frame. */
  #reserve(size: number): void {
    const needed = this.#length + size + FRAME_BYTES;
    if (needed > this.#buffer.length) {
      const grown = Buffer.allocUnsafe(
        Math.max(needed, this.#buffer.length * 2, INITIAL_BUFFER_BYTES),
      );
      this.#buffer.copy(grown, 0, 0, this.#length);
      this.#buffer = grown;
    }
  }

  #writeFrame(size: number): void {
    this.#length += this.#buffer.write(headOf(size), this.#length, 'latin1');
  }

  #endChunk(): void {
    this.#buffer[this.#length++] = 13;
    this.#buffer[this.#length++] = 10;
  }

  #askFlush(): void {
    if (this.#flushAsked) {
      return;
    }
    this.#flushAsked = true;
    const { apartMs = 0, turn } = this.#options;
    const waitMs = apartMs === 0 ? 0 : this.#flushedMs + apartMs - performance.now();
    if (waitMs > 0) {
      setTimeout(() => turn.atEnd(this.#flushTurn), waitMs).unref();
    } else {
      turn.atEnd(this.#flushTurn);
    }
  }

  readonly #flushTurn = () => {
    this.#flushAsked = false;
    this.#flushedMs = performance.now();
    this.#flush();
  };

  #flush(): void {
    if (this.#socket && !this.#socket.destroyed) {
      this.#gather();
      this.#write();
    }
  }

  /** The bytes belong to the socket until they are sent; the next turn gets a new buffer. */
  #gather(): void {
    const bytes = this.#buffer.subarray(0, this.#length);
    this.#buffer = Buffer.alloc(0);
    this.#length = 0;
    this.#addUntaken(bytes);
  }

  #addUntaken(bytes: Uint8Array): void {
    this.#untakenBytes += bytes.length;
    for (let at = 0; at < bytes.length; at += MAX_WRITE_BYTES) {
      this.#untaken.push(bytes.subarray(at, at + MAX_WRITE_BYTES));
    }
  }

  #write(): void {
    const [bytes] = this.#untaken;
    if (this.#isWriting || bytes === undefined || !this.#socket) {
      return;
    }
    this.#isWriting = true;
    this.#socket.write(bytes, (error) => {
      this.#isWriting = false;
      if (error || this.#untaken.length === 0) {
        return;
      }
      this.#untaken.shift();
      this.#untakenBytes -= bytes.length;
      this.#toldBytes = this.#bytes;
      this.#held.hold(this, this.#toldBytes);
      this.#write();
      this.#endWhenWritten();
    });
  }

  #endWhenWritten(): void {
    if (this.#closed && this.#length === 0 && this.#untaken.length === 0) {
      this.#options.response.end();
    }
  }
}
