// The requests and event streams that effects name by id. Each request knows how to be answered and
// which stream it can become, so performing `reply`, `openStream` and `closeStream` is one look-up,
// whether the request came by HTTP or from an executor inside the process.
import type { AgentResponse } from '../model/generated/messages.ts';
import { type RequestId, requestId, type StreamId } from '../model/ids.ts';
import type { CloseStream, OpenStream, Reply } from '../model/process-effects.ts';

/** What all streams have in common; what they send depends on their kind. */
export interface Closable {
  /** Ends the stream after everything that was sent. */
  close(): void;
}

/** The receiver of a stream's events. */
export interface EventSink<Event> extends Closable {
  send(event: Event): void;
}

/** What a container's process writes from now on. Who does not read on slows the process down. */
export interface ContainerOutput
  extends AsyncIterable<{ readonly stream: 'stdout' | 'stderr'; readonly data: Uint8Array }> {
  /** Whether everything was read; otherwise the reader was cut off. */
  readonly isWhole: boolean;
  close(): void;
}

/** What a container's process reads. */
export interface ContainerInput {
  /**
   * How it has ended: everything was given to the process; or another writer is there, there is no
   * terminal to give a size, the process has closed its input, or the container has ended.
   */
  readonly ended: Promise<'taken' | 'busy' | 'noTerminal' | 'notRead' | 'disconnected'>;
  /** Resolves when there is room for more. */
  write(data: Uint8Array): Promise<void>;
  /** Closes the process's input, unless it is a terminal. */
  close(): Promise<void>;
  resize(rows: number, columns: number): Promise<void>;
  /** Nothing more comes; `ended` follows. */
  end(): void;
  /** Ends at once. */
  abort(): void;
}

/** A request that the state machine knows: it gets a reply, or becomes a stream. */
export interface PendingRequest<Stream, Response = AgentResponse> {
  /** Replies. A refusal without a text gets the text of its status. */
  reply(status: number, text: string | undefined): void;
  /** Replies with a message; absent where the request cannot be replied to so. */
  respond?(response: Response): void;
  /** Calls back, once, when the client disconnects before it has its reply. */
  onGone?(gone: () => void): void;
  /**
   * Makes the reply an event stream, which stays open; undefined where the client has disconnected.
   */
  open?(id: StreamId): Stream | undefined;
  /** Replies with what a container's process writes. */
  sendOutput?(output: ContainerOutput): void;
  /** Gives a container's process what the request goes on with; then replies. */
  takeInput?(input: ContainerInput): void;
}

/** How many ids are used in turn before one is used again. */
const IDS = 4_096;

/** The requests without a reply yet, by id. */
export class PendingRequests<Stream, Response = AgentResponse> {
  readonly #pending = new Map<RequestId, PendingRequest<Stream, Response>>();
  /** Ids are reused: making new strings would cost, with a hundred thousand calls a second. */
  readonly #ids: readonly RequestId[] = Array.from({ length: IDS }, (_, i) => requestId(`r${i}`));
  #next = 0;
  #extra = 0;

  get size(): number {
    return this.#pending.size;
  }

  add(request: PendingRequest<Stream, Response>): RequestId {
    const id = this.#freeId();
    this.#pending.set(id, request);
    return id;
  }

  /** Removes the request and returns it. */
  take(id: RequestId): PendingRequest<Stream, Response> | undefined {
    const request = this.#pending.get(id);
    this.#pending.delete(id);
    return request;
  }

  /** Removes all requests and returns them, the oldest first. */
  takeAll(): readonly PendingRequest<Stream, Response>[] {
    const all = [...this.#pending.values()];
    this.#pending.clear();
    return all;
  }

  #freeId(): RequestId {
    const id = this.#ids[this.#next] as RequestId;
    this.#next = (this.#next + 1) % IDS;
    return this.#pending.has(id) ? requestId(`rx${++this.#extra}`) : id;
  }
}

/**
 * The open streams, by id. A stream whose reader has disconnected is not found: the event that says
 * so is on its way to the state machine.
 */
export class StreamRegistry<Stream extends Closable> {
  readonly #streams = new Map<StreamId, Stream>();
  readonly #onLost: (id: StreamId) => void;

  /** `onLost` is called for each stream whose reader has disconnected. */
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
   * Adds the stream that a request has become; undefined, where its client had disconnected, adds
   * none.
   */
  add(id: StreamId, stream: Stream | undefined): void {
    if (stream !== undefined) {
      this.#streams.set(id, stream);
    }
  }

  /** Ends a stream. */
  close(id: StreamId): void {
    const stream = this.#streams.get(id);
    this.#streams.delete(id);
    stream?.close();
  }

  /**
   * The reader of the stream has disconnected. Calls `onLost`, unless the stream was ended here
   * before.
   */
  lost(id: StreamId): void {
    if (this.#streams.delete(id)) {
      this.#onLost(id);
    }
  }

  /**
   * Removes a stream without calling `onLost`: it ends with its executor, whose end the state
   * machine is told anyway.
   */
  forget(id: StreamId): void {
    this.#streams.delete(id);
  }
}

/** Carries out the effects that are about requests and streams. */
export function performResponse<Stream extends Closable, Response>(
  effect: Reply | OpenStream | CloseStream,
  requests: PendingRequests<Stream, Response>,
  streams: StreamRegistry<Stream>,
): void {
  switch (effect.type) {
    case 'reply':
      requests.take(effect.request)?.reply(effect.status, effect.text);
      return;
    case 'openStream':
      streams.add(effect.stream, requests.take(effect.request)?.open?.(effect.stream));
      return;
    case 'closeStream':
      streams.close(effect.stream);
      return;
    default:
      effect satisfies never;
  }
}
