// One accepted connection, as long as it carries what comes by the thousand: libprocess messages
// and scheduler calls, pipelined in any mix. Answers leave in the order of the requests, those of
// a turn in one write. The first request of any other kind takes the connection, with everything
// not yet read, to the complete HTTP server, once the answers before it have been given.
//
// Callers that do not pace themselves are slowed down here: nothing is read from a connection
// while the machine has too much waiting, while too many of its own requests are unanswered, or
// while it does not take its answers.
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Turn } from '../runtime/turn.ts';
import type { Answer } from './errors.ts';
import { acceptedText, httpDate, notFoundText } from './http-date.ts';
import { type RequestHead, RequestReader } from './request-reader.ts';

/** Where messages go: by process id and message name. False: no process of that id is here. */
export type MessageReceiver = (to: string, name: string, from: string, body: Uint8Array) => boolean;

/** The scheduler calls that need nothing of the complete server. */
export interface CallReceiver {
  accepts(head: RequestHead): boolean;
  call(head: RequestHead, body: Uint8Array, answer: (answer: Answer) => void): void;
}

/** What the machine says about reading more. */
export interface Pressure {
  readonly saturated: boolean;
  whenDrained(resume: () => void): void;
}

export interface ConnectionServices {
  readonly turn: Turn;
  readonly pressure: Pressure;
  readonly receive: MessageReceiver;
  readonly calls?: CallReceiver | undefined;
  /** Takes over a connection, from these bytes on. */
  readonly complete: (socket: Socket, bytes: Buffer) => void;
}

/** Requests of one connection that may wait for their answers. */
const MAX_UNANSWERED = 4_096;
/** Bytes of answers that a peer may leave untaken. */
const MAX_UNTAKEN_BYTES = 1024 * 1024;

/** Begins the requests that are read here, all of them POST; what is not may be a person's, and never waits. */
const POST = 'P'.charCodeAt(0);

/** A place in the order of answers. */
interface Slot {
  text: string | undefined;
}

export class Connection {
  readonly #socket: Socket;
  readonly #services: ConnectionServices;
  readonly #reader: RequestReader;
  /** Unanswered requests, oldest first, and answers that have to wait for them. */
  #slots: Slot[] = [];
  #firstSlot = 0;
  #out = '';
  #flushAsked = false;
  /** Reading is stopped; and the end of what presses is awaited. */
  #waiting = false;
  #awaited = false;
  /** Read, and to be taken in another turn; until then nothing more is read. */
  #deferred: Buffer | undefined;
  #leftover: Buffer | undefined;
  #ended = false;
  #done = false;

  constructor(socket: Socket, services: ConnectionServices) {
    this.#socket = socket;
    this.#services = services;
    this.#reader = new RequestReader({
      accepts: (head) => head.from !== undefined || (this.#services.calls?.accepts(head) ?? false),
      request: (head, body) => this.#request(head, body),
    });
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('error', this.#onError);
    socket.on('close', this.#onClose);
  }

  readonly #onData = (chunk: Buffer) => {
    const mayWait = !this.#reader.idle || chunk[0] === POST;
    if (mayWait && this.#services.turn.readingIsOver) {
      this.#deferred = chunk;
      this.#socket.pause();
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
    if (!this.#waiting && !this.#leftover && !this.#done) {
      this.#socket.resume();
    }
  };

  #take(chunk: Buffer): void {
    this.#leftover = this.#reader.push(chunk);
    if (this.#leftover) {
      this.#socket.pause();
      this.#handOverWhenAnswered();
      return;
    }
    this.#pauseUnderPressure();
  }

  readonly #onEnd = () => {
    this.#ended = true;
    if (this.#unanswered === 0) {
      this.#flush();
      this.#socket.end();
    }
  };

  readonly #onError = () => {
    // The close event follows; a broken connection is no error of ours.
  };

  readonly #onClose = () => {
    // What was sent before the end counts.
    this.#takeDeferred();
    this.#done = true;
    this.#slots = [];
    this.#firstSlot = 0;
  };

  get #unanswered(): number {
    return this.#slots.length - this.#firstSlot;
  }

  #request(head: RequestHead, body: Uint8Array): void {
    if (head.from === undefined) {
      const slot: Slot = { text: undefined };
      this.#slots.push(slot);
      this.#services.calls?.call(head, body, (answer) => this.#settle(slot, answerText(answer)));
      return;
    }
    const target = parseTarget(head.path);
    const known =
      target !== undefined && this.#services.receive(target.to, target.name, head.from, body);
    this.#answer(known ? acceptedText() : notFoundText());
  }

  #answer(text: string): void {
    if (this.#unanswered > 0) {
      this.#slots.push({ text });
      return;
    }
    this.#out += text;
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
    if (this.#leftover) {
      this.#handOverWhenAnswered();
    } else if (this.#ended && this.#unanswered === 0) {
      this.#socket.end();
    } else if (this.#waiting) {
      this.#resumeWhenPossible();
    }
  };

  #flush(): void {
    if (this.#out !== '' && !this.#done) {
      this.#socket.write(this.#out, 'latin1');
    }
    this.#out = '';
  }

  #handOverWhenAnswered(): void {
    if (this.#unanswered > 0 || this.#done || !this.#leftover) {
      return;
    }
    this.#flush();
    const bytes = this.#leftover;
    this.#leftover = undefined;
    this.#done = true;
    this.#socket.off('data', this.#onData);
    this.#socket.off('end', this.#onEnd);
    this.#socket.off('error', this.#onError);
    this.#socket.off('close', this.#onClose);
    this.#services.complete(this.#socket, bytes);
  }

  get #pressed(): boolean {
    return (
      this.#unanswered > MAX_UNANSWERED ||
      this.#socket.writableLength > MAX_UNTAKEN_BYTES ||
      this.#services.pressure.saturated
    );
  }

  #pauseUnderPressure(): void {
    if (this.#pressed && !this.#waiting) {
      this.#waiting = true;
      this.#socket.pause();
      this.#resumeWhenPossible();
    }
  }

  /** Waits for what presses; looked at again when that has gone or an answer has left. */
  #resumeWhenPossible(): void {
    if (this.#done || this.#deferred || this.#leftover || this.#awaited) {
      return;
    }
    if (this.#services.pressure.saturated) {
      this.#awaited = true;
      this.#services.pressure.whenDrained(this.#drained);
    } else if (this.#socket.writableLength > MAX_UNTAKEN_BYTES) {
      this.#awaited = true;
      this.#socket.once('drain', this.#drained);
    } else if (this.#unanswered <= MAX_UNANSWERED / 2) {
      this.#waiting = false;
      this.#socket.resume();
    }
  }

  readonly #drained = () => {
    this.#awaited = false;
    if (this.#waiting) {
      this.#resumeWhenPossible();
    }
  };
}

/** `/slave(1)/mesos.internal.PingSlaveMessage` → process id and message name. */
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

/** A whole answer as text; its body is text or nothing on this path. */
function answerText(answer: Answer): string {
  if (answer.status === 202 && answer.body === undefined) {
    return acceptedText();
  }
  const body = typeof answer.body === 'string' ? Buffer.from(answer.body).toString('latin1') : '';
  let text = `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ''}\r\n`;
  if (answer.contentType) {
    text += `Content-Type: ${answer.contentType}\r\n`;
  }
  for (const [name, value] of Object.entries(answer.headers ?? {})) {
    text += `${name}: ${value}\r\n`;
  }
  return `${text}Date: ${httpDate()}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}
