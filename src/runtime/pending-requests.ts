// The requests and event streams that a state machine knows by their ids. A request knows how it is
// answered and what stream it becomes, so carrying out `reply`, `openStream` and `closeStream` is
// one look-up, whichever API the request came through: HTTP, or an executor inside the process.
import { type RequestId, requestId, type StreamId } from '../model/ids.ts';

/** What every stream can do; what it sends is a matter of its kind. */
export interface Closable {
  /** Ends the stream after what was sent. */
  close(): void;
}

/** Where the events of one stream go. */
export interface EventSink<Event> extends Closable {
  send(event: Event): void;
}

/**
 * A request that has been announced to the state machine: it is replied to, or becomes a stream.
 */
export interface PendingRequest<Stream> {
  /** Without a text, a refusal says its status. */
  reply(status: number, text: string | undefined): void;
  /** The reply is an event stream, open from now on; undefined: its reader has gone. */
  open?(id: StreamId): Stream | undefined;
}

/** An id is used again only after so many others. */
const IDS = 4_096;

/** The requests that wait for a reply, by the ids under which they were announced. */
export class PendingRequests<Stream> {
  readonly #pending = new Map<RequestId, PendingRequest<Stream>>();
  /** Ids go round: making a new string for each of a hundred thousand calls a second costs. */
  readonly #ids: readonly RequestId[] = Array.from({ length: IDS }, (_, i) => requestId(`r${i}`));
  #next = 0;
  #extra = 0;

  get size(): number {
    return this.#pending.size;
  }

  add(request: PendingRequest<Stream>): RequestId {
    const id = this.#freeId();
    this.#pending.set(id, request);
    return id;
  }

  /** The request, which is no longer pending. */
  take(id: RequestId): PendingRequest<Stream> | undefined {
    const request = this.#pending.get(id);
    this.#pending.delete(id);
    return request;
  }

  #freeId(): RequestId {
    const id = this.#ids[this.#next] as RequestId;
    this.#next = (this.#next + 1) % IDS;
    return this.#pending.has(id) ? requestId(`rx${++this.#extra}`) : id;
  }
}

/**
 * The open streams, by id. One that has gone is not found: its end is on its way to the machine.
 */
export class StreamRegistry<Stream extends Closable> {
  readonly #streams = new Map<StreamId, Stream>();
  readonly #onLost: (id: StreamId) => void;

  /** `onLost` is told of each stream that its reader has ended. */
  constructor(onLost: (id: StreamId) => void) {
    this.#onLost = onLost;
  }

  get size(): number {
    return this.#streams.size;
  }

  get(id: StreamId): Stream | undefined {
    return this.#streams.get(id);
  }

  values(): Iterable<Stream> {
    return this.#streams.values();
  }

  /**
   * Keeps the stream that a request has become; undefined, as of a request that has gone, is none.
   */
  add(id: StreamId, stream: Stream | undefined): void {
    if (stream !== undefined) {
      this.#streams.set(id, stream);
    }
  }

  /** Ends a stream from this side. */
  close(id: StreamId): void {
    const stream = this.#streams.get(id);
    this.#streams.delete(id);
    stream?.close();
  }

  /** The reader has ended the stream; `onLost` is not told when it had been closed here before. */
  lost(id: StreamId): void {
    if (this.#streams.delete(id)) {
      this.#onLost(id);
    }
  }

  /** The stream ends with its executor, of whose end the machine hears by itself. */
  forget(id: StreamId): void {
    this.#streams.delete(id);
  }
}
