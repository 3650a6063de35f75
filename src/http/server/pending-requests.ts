// What waits for the machine: requests for their answers, streams for their events. The machine
// knows both by id only. Most of them are HTTP exchanges, but nothing here depends on that: an
// executor in the same process takes part by adding an exchange of its own.
import { type RequestId, requestId, type StreamId } from '../../model/ids.ts';
import type { Answer } from './errors.ts';

/** Where the events of one stream go. */
export interface EventSink<Event> {
  send(event: Event): void;
  /** Ends the stream after what was sent. */
  close(): void;
}

/** A request that waits: it gets an answer, or becomes a stream. */
export interface Exchange<Event> {
  answer(answer: Answer): void;
  /** The answer is an event stream, open from now on. */
  open?(stream: StreamId): EventSink<Event>;
}

/** An id is used again only after so many others. */
const IDS = 4_096;

/** The requests that wait, by the ids under which they were announced to the machine. */
export class Exchanges<Event> {
  readonly #waiting = new Map<RequestId, Exchange<Event>>();
  readonly #kind: string;
  /** Ids go round: making a new string for each of a hundred thousand calls a second costs. */
  readonly #ids: readonly RequestId[];
  #next = 0;
  #extra = 0;

  /** `kind` begins the ids, so that those of two registries differ. */
  constructor(kind: string) {
    this.#kind = kind;
    this.#ids = Array.from({ length: IDS }, (_, i) => requestId(`${kind}${i}`));
  }

  get size(): number {
    return this.#waiting.size;
  }

  add(exchange: Exchange<Event>): RequestId {
    const id = this.#freeId();
    this.#waiting.set(id, exchange);
    return id;
  }

  #freeId(): RequestId {
    const id = this.#ids[this.#next] as RequestId;
    this.#next = (this.#next + 1) % IDS;
    return this.#waiting.has(id) ? requestId(`${this.#kind}x${++this.#extra}`) : id;
  }

  /** The request, which then no longer waits. */
  take(id: RequestId): Exchange<Event> | undefined {
    const exchange = this.#waiting.get(id);
    this.#waiting.delete(id);
    return exchange;
  }
}

/** The open streams. Events for a stream that has gone are dropped: its end is on its way. */
export class StreamRegistry<Event> {
  readonly #sinks = new Map<StreamId, EventSink<Event>>();
  readonly #onLost: (stream: StreamId) => void;

  /** `onLost` is told of each stream that its other side has ended. */
  constructor(onLost: (stream: StreamId) => void) {
    this.#onLost = onLost;
  }

  get size(): number {
    return this.#sinks.size;
  }

  add(stream: StreamId, sink: EventSink<Event>): void {
    this.#sinks.set(stream, sink);
  }

  /** The answer to a waiting request becomes a stream; false: no such request waits here. */
  open(exchanges: Exchanges<Event>, request: RequestId, stream: StreamId): boolean {
    const sink = exchanges.take(request)?.open?.(stream);
    if (sink) {
      this.#sinks.set(stream, sink);
    }
    return sink !== undefined;
  }

  send(stream: StreamId, event: Event): void {
    this.#sinks.get(stream)?.send(event);
  }

  /** Ends a stream from our side. */
  close(stream: StreamId): void {
    const sink = this.#sinks.get(stream);
    this.#sinks.delete(stream);
    sink?.close();
  }

  /** The other side has ended it: nobody is told when it had been closed here before. */
  lost(stream: StreamId): void {
    if (this.#sinks.delete(stream)) {
      this.#onLost(stream);
    }
  }
}
