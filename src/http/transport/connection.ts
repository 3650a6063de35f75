// An accepted connection, as long as it carries only the two frequent kinds of requests, pipelined
// in any mix: libprocess messages and scheduler calls. Responses leave in the order of requests,
// all responses of a turn in one write. The first request of another kind hands the connection over
// to node:http, from the first byte of that request on, after the requests before it are answered.
//
// A peer that sends too fast is slowed down here: the connection is not read while the state
// machine has too many waiting events, while too many of its requests are unanswered, while the
// peer does not take its responses, or until the sender of its messages is known.
import type { Duplex } from 'node:stream';
import type { IoTurn } from '../../runtime/io-turn.ts';
import type { Claim, Sender } from '../senders/senders.ts';
import { malformedRequest, payloadTooLarge } from '../server/error-responses.ts';
import type { HttpResponse } from '../server/response.ts';
import type { Carrier } from './connections.ts';
import { type HeldBytes, type Holder, held } from './held-bytes.ts';
import { acceptedText, notFoundText } from './http-date.ts';
import { endWith, responseText } from './refusal.ts';
import { type RequestHead, RequestReader } from './request-reader.ts';

/** Receives a message for a process id. False where no process has that id. */
export type MessageReceiver = (to: string, name: string, message: ReceivedMessage) => boolean;

export interface ReceivedMessage {
  readonly sender: Sender;
  readonly claim: Claim;
  /** Valid only during the call. */
  readonly body: Uint8Array;
}

/** Receives scheduler calls that do not need node:http. */
export interface CallReceiver {
  /**
   * Accepts a call by its head, IP address and connection; undefined leaves the request to
   * node:http.
   */
  accepts(
    head: RequestHead,
    origin: string | undefined,
    connection: Duplex,
  ): AcceptedCall | undefined;
}

/** A call with known principal and encoding, whose body is still to come. */
export interface AcceptedCall {
  /** Takes the body, which is valid only during the call. */
  take(body: Uint8Array, answer: (answer: HttpResponse) => void): void;
}

/** What the head of a request has told. */
type Accepted = AcceptedCall | 'message';

/** Tells whether to stop reading. */
export interface Pressure {
  readonly saturated: boolean;
  whenDrained(resume: () => void): void;
}

export interface ConnectionServices {
  readonly turn: IoTurn;
  readonly pressure: Pressure;
  readonly receive: MessageReceiver;
  /** The sender of a connection; it is told when the connection closes. */
  readonly senderOf: (stream: Duplex) => Sender;
  readonly calls?: CallReceiver | undefined;
  /** Takes over a connection, beginning with these bytes. */
  readonly complete: (stream: Duplex, bytes: Buffer) => void;
  /** Bounds the memory that the peers of all connections occupy. */
  readonly held?: HeldBytes | undefined;
}

/** The most unanswered requests of a connection; at that number it is not read any further. */
const MAX_UNANSWERED = 4_096;
/**
 * The most bytes of responses that a peer may leave untaken; beyond that it is not read any
 * further.
 */
const MAX_UNTAKEN_BYTES = 64 * 1024;

/**
 * The first byte of all requests that are read here. Requests of other methods may be a person's,
 * and never wait for a turn.
 */
const POST = 'P'.charCodeAt(0);

/** A response's place in the order. */
interface Slot {
  text: string | undefined;
}

export class Connection implements Holder, Carrier {
  readonly #stream: Duplex;
  readonly #services: ConnectionServices;
  readonly #held: HeldBytes;
  readonly #reader: RequestReader<Accepted>;
  readonly #sender: Sender;
  /** Unanswered requests, oldest first, and responses that wait for them. */
  #slots: Slot[] = [];
  #firstSlot = 0;
  #out = '';
  /** How many responses are in it. */
  #outCount = 0;
  #holds = false;
  #flushAsked = false;
  /** Whether reading has stopped, and whether a callback will say when it can go on. */
  #waiting = false;
  #awaited = false;
  /** Bytes that were read and wait for another turn; until then nothing more is read. */
  #deferred: Buffer | undefined;
  #leftover: Buffer | undefined;
  #ended = false;
  #done = false;

  constructor(stream: Duplex, services: ConnectionServices) {
    this.#stream = stream;
    this.#services = services;
    this.#held = services.held ?? held;
    this.#sender = services.senderOf(stream);
    this.#reader = new RequestReader({
      accepts: (head) =>
        head.from === undefined
          ? this.#services.calls?.accepts(head, this.#sender.ip, stream)
          : 'message',
      request: (head, body, accepted) => this.#request(head, body, accepted),
    });
    stream.on('data', this.#onData);
    stream.on('end', this.#onEnd);
    stream.on('error', this.#onError);
    stream.on('close', this.#onClose);
  }

  get isBusy(): boolean {
    return this.#unanswered > 0;
  }

  get peer(): string | undefined {
    return this.#sender.address;
  }

  get unfinished(): number | undefined {
    const isRead = !this.#waiting && !this.#deferred && !this.#isLeaving;
    return isRead && !this.#reader.idle ? this.#reader.finished : undefined;
  }

  readonly #onData = (chunk: Buffer) => {
    const mayWait = !this.#reader.idle || chunk[0] === POST;
    if (mayWait && this.#services.turn.readingIsOver) {
      this.#deferred = chunk;
      this.#stream.pause();
      this.#services.turn.takeLater(this.#takeDeferred);
      return;
    }
    this.#take(chunk);
  };

  readonly #takeDeferred = () => {
    const chunk = this.#deferred;
    this.#deferred = undefined;
    if (chunk === undefined) {
      return;
    }
    this.#take(chunk);
    if (!this.#waiting && !this.#isLeaving && !this.#done) {
      this.#stream.resume();
    }
  };

  /**
   * Ends the connection: all peers together occupy too much memory, and this one has made no
   * progress for longest.
   */
  cutOff(): void {
    this.#stream.destroy();
  }

  /** What was answered in this turn has not left, and does not leave any more. */
  refuse(answer: HttpResponse): void {
    const waiting = this.#outCount + this.#unanswered;
    if (waiting === 0 || this.#done) {
      return;
    }
    this.#slots = [];
    this.#firstSlot = 0;
    this.#deferred = undefined;
    this.#out = responseText(answer).repeat(waiting - 1);
    this.#leave();
    endWith(this.#stream, answer);
  }

  #take(chunk: Buffer): void {
    this.#leftover = this.#reader.push(chunk);
    this.#hold();
    if (this.#leftover || this.#reader.fault !== undefined) {
      this.#stream.pause();
      this.#leaveWhenAnswered();
      return;
    }
    this.#pauseUnderPressure();
  }

  /** Reports how much memory the peer occupies now; most never occupy any. */
  #hold(): void {
    const bytes = this.#reader.room + this.#stream.writableLength;
    if (bytes > 0 || this.#holds) {
      this.#holds = bytes > 0;
      this.#held.hold(this, bytes);
    }
  }

  readonly #onTaken = () => {
    if (this.#holds && !this.#done) {
      this.#hold();
    }
  };

  readonly #onEnd = () => {
    this.#ended = true;
    if (this.#unanswered === 0) {
      this.#flush();
      this.#stream.end();
    }
  };

  readonly #onError = () => {
    // `close` follows; a broken connection is no error of this process.
  };

  readonly #onClose = () => {
    // Messages that arrived before the end count.
    this.#takeDeferred();
    this.#done = true;
    this.#slots = [];
    this.#firstSlot = 0;
    this.#held.release(this);
  };

  /** Whether nothing more is read here: the rest is for node:http, or cannot be read at all. */
  get #isLeaving(): boolean {
    return this.#leftover !== undefined || this.#reader.fault !== undefined;
  }

  get #unanswered(): number {
    return this.#slots.length - this.#firstSlot;
  }

  #request(head: RequestHead, body: Uint8Array, accepted: Accepted): void {
    if (accepted !== 'message') {
      const slot: Slot = { text: undefined };
      this.#slots.push(slot);
      accepted.take(body, (answer) => this.#settle(slot, textOf(answer)));
      return;
    }
    const target = parseTarget(head.path);
    const claim = { from: head.from ?? '', key: head.key };
    const known =
      target !== undefined &&
      this.#services.receive(target.to, target.name, { sender: this.#sender, claim, body });
    this.#answer(known ? acceptedText() : notFoundText());
  }

  #answer(text: string): void {
    if (this.#unanswered > 0) {
      this.#slots.push({ text });
      return;
    }
    this.#out += text;
    this.#outCount++;
    this.#askFlush();
  }

  #settle(slot: Slot, text: string): void {
    slot.text = text;
    if (this.#slots[this.#firstSlot] !== slot || this.#done) {
      return;
    }
    for (;;) {
      const next = this.#slots[this.#firstSlot]?.text;
      if (next === undefined) {
        break;
      }
      this.#out += next;
      this.#outCount++;
      this.#firstSlot++;
    }
    if (this.#firstSlot === this.#slots.length) {
      this.#slots.length = 0;
      this.#firstSlot = 0;
    } else if (this.#firstSlot > MAX_UNANSWERED) {
      this.#slots = this.#slots.slice(this.#firstSlot);
      this.#firstSlot = 0;
    }
    this.#askFlush();
  }

  #askFlush(): void {
    if (!this.#flushAsked) {
      this.#flushAsked = true;
      this.#services.turn.atEnd(this.#flushTurn);
    }
  }

  readonly #flushTurn = () => {
    this.#flushAsked = false;
    this.#flush();
    if (this.#isLeaving) {
      this.#leaveWhenAnswered();
    } else if (this.#ended && this.#unanswered === 0) {
      this.#stream.end();
    } else if (this.#waiting) {
      this.#resumeWhenPossible();
    }
  };

  #flush(): void {
    if (this.#out !== '' && !this.#done) {
      this.#stream.write(this.#out, 'latin1');
      if (this.#stream.writableLength > 0) {
        // Called when all bytes have been taken; mostly the system takes them at once.
        this.#hold();
        this.#stream.write('', 'latin1', this.#onTaken);
      }
    }
    this.#out = '';
    this.#outCount = 0;
  }

  #leaveWhenAnswered(): void {
    if (this.#unanswered > 0 || this.#done) {
      return;
    }
    this.#leave();
    const { fault } = this.#reader;
    if (this.#leftover) {
      this.#services.complete(this.#stream, this.#leftover);
      this.#leftover = undefined;
    } else {
      endWith(
        this.#stream,
        fault === 413 ? payloadTooLarge(this.#reader.limitBytes) : malformedRequest,
      );
    }
  }

  /** Writes what waits to be written, and knows nothing of the stream from then on. */
  #leave(): void {
    this.#flush();
    this.#done = true;
    this.#stream.off('data', this.#onData);
    this.#stream.off('end', this.#onEnd);
    this.#stream.off('error', this.#onError);
    this.#stream.off('close', this.#onClose);
    this.#held.release(this);
  }

  get #pressed(): boolean {
    return (
      this.#unanswered > MAX_UNANSWERED ||
      this.#stream.writableLength > MAX_UNTAKEN_BYTES ||
      this.#sender.isAwaited ||
      this.#services.pressure.saturated
    );
  }

  #pauseUnderPressure(): void {
    if (this.#pressed && !this.#waiting) {
      this.#waiting = true;
      this.#stream.pause();
      this.#resumeWhenPossible();
    }
  }

  /** Waits for the pressure to end, and checks again then, or when a response has left. */
  #resumeWhenPossible(): void {
    if (this.#done || this.#deferred || this.#isLeaving || this.#awaited) {
      return;
    }
    if (this.#sender.isAwaited) {
      this.#awaited = true;
      this.#sender.whenKnown(this.#drained);
    } else if (this.#services.pressure.saturated) {
      this.#awaited = true;
      this.#services.pressure.whenDrained(this.#drained);
    } else if (this.#stream.writableLength > MAX_UNTAKEN_BYTES) {
      this.#awaited = true;
      this.#stream.once('drain', this.#drained);
    } else if (this.#unanswered <= MAX_UNANSWERED / 2) {
      this.#waiting = false;
      this.#stream.resume();
    }
  }

  readonly #drained = () => {
    this.#awaited = false;
    if (this.#waiting) {
      this.#resumeWhenPossible();
    }
  };
}

/** Nearly all calls are accepted without a text. */
const textOf = (answer: HttpResponse) =>
  answer.status === 202 && answer.body === undefined && answer.headers === undefined
    ? acceptedText()
    : responseText(answer);

/** Splits `/slave(1)/mesos.internal.PingSlaveMessage` into process id and message name. */
export function parseTarget(path: string): { to: string; name: string } | undefined {
  const slash = path.indexOf('/', 1);
  if (slash < 0 || slash === path.length - 1) {
    return undefined;
  }
  const to = path.slice(1, slash);
  const name = path.slice(slash + 1);
  if (!to.includes('%')) {
    return { to, name };
  }
  try {
    return { to: decodeURIComponent(to), name };
  } catch {
    return undefined;
  }
}
