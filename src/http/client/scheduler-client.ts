// A scheduler of the v1 API: an event stream on one connection, pipelined calls on another. It
// follows redirects to the leading master, and subscribes again as the same framework when the
// stream ends or falls silent.
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { type Address, parseAddress } from '../../model/address.ts';
import {
  type FrameworkInfo,
  type SchedulerCall,
  SchedulerCall_Type,
  type SchedulerEvent,
  SchedulerEvent_Type,
} from '../../model/generated/messages.ts';
import { readJson, writeJson } from '../../wire/json.ts';
import { decodeMessage, encodeMessage } from '../../wire/protobuf.ts';
import { RecordReader } from '../../wire/record-io.ts';
import { types } from '../../wire/types.ts';
import { type Codec, MEDIA_TYPE_OF } from '../server/content-negotiation.ts';
import type { Credential } from '../server/credentials.ts';
import { CallConnection, ConnectionLostError } from '../transport/call-connection.ts';
import { type Dialer, plainDialer } from '../transport/dialer.ts';

export interface SchedulerClientOptions {
  /** The `host:port` of a master, leading or not. */
  readonly master: string;
  /** What opens the connections; without it they are not encrypted. */
  readonly dialer?: Dialer | undefined;
  readonly codec: Codec;
  /** A framework with an id is subscribed as the known one. */
  readonly framework: FrameworkInfo;
  readonly suppressedRoles?: readonly string[] | undefined;
  readonly credential?: Credential | undefined;
  readonly onEvent: (event: SchedulerEvent) => void;
  /** Called after each successful subscription. */
  readonly onConnected?: (() => void) | undefined;
  /**
   * Called once when the subscription is lost, or the first attempt fails, with the reason. The
   * client retries by itself, at growing intervals of at most five seconds.
   */
  readonly onDisconnected?: ((reason: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The master refused a call; the message is the master's text. */
export class CallRefusedError extends Error {
  readonly code = 'MESOSCALE_CALL_REFUSED';
  readonly status: number;

  constructor(status: number, text: string) {
    super(text === '' ? `The call was answered with status ${status}` : text);
    this.status = status;
  }
}

const PATH = '/api/v1/scheduler';
const FIRST_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 5_000;
/** A stream is dead after this many heartbeat intervals without data. */
const MISSED_HEARTBEATS = 5;
/** How long a master may take to answer SUBSCRIBE. */
const SUBSCRIBE_TIMEOUT_MS = 30_000;
/** How many redirects in a row are followed without a pause. */
const MAX_REDIRECTS = 3;
const MAX_REFUSAL_BYTES = 64 * 1024;

/** The beginning of an ERROR event's text where the server is no master. */
export const NO_MASTER = 'there is no master at';
/** The text of an ERROR event where SUBSCRIBE was answered with 401. */
export const UNAUTHENTICATED =
  'SUBSCRIBE was answered with status 401: the master wants a principal and its secret';
/** The beginning of that text where the framework had sent credentials. */
export const NOT_ACCEPTED =
  'SUBSCRIBE was answered with status 401: the master does not accept the principal';

export class SchedulerClient {
  readonly #options: SchedulerClientOptions;
  /** The master that is asked first, and again when the one that it named is lost. */
  #home: string;
  #master: string;
  #frameworkId: string | undefined;
  #request: ClientRequest | undefined;
  #calls: CallConnection | undefined;
  #callHead = '';
  #backoffMs = FIRST_BACKOFF_MS;
  /** How many redirects were followed since the last SUBSCRIBED. */
  #redirects = 0;
  #retry: NodeJS.Timeout | undefined;
  #silence: NodeJS.Timeout | undefined;
  #silenceMs = SUBSCRIBE_TIMEOUT_MS;
  #subscribed = false;
  /** Whether `onDisconnected` was called since the last subscription. */
  #isLossTold = false;
  #closed = false;

  /** Starts to subscribe at once. */
  constructor(options: SchedulerClientOptions) {
    this.#options = options;
    this.#home = options.master;
    this.#master = options.master;
    this.#frameworkId = options.framework.id?.value;
    options.signal?.addEventListener('abort', () => this.close(), { once: true });
    this.#subscribe();
  }

  /** Known after the first SUBSCRIBED. */
  get frameworkId(): string | undefined {
    return this.#frameworkId;
  }

  get connected(): boolean {
    return this.#subscribed;
  }

  /**
   * Resolves when the master has accepted the call; its results come as events.
   * @throws CallRefusedError when the master refuses it, ConnectionLostError when that cannot be
   * known.
   */
  async call(call: Omit<SchedulerCall, 'framework_id'>): Promise<void> {
    if (!this.#subscribed || this.#frameworkId === undefined || this.#closed) {
      throw new ConnectionLostError('Not subscribed');
    }
    const body = this.#encode({ ...call, framework_id: { value: this.#frameworkId } });
    if (!this.#calls || this.#calls.lost) {
      this.#calls = new CallConnection(this.#master, this.#options.dialer ?? plainDialer);
    }
    const answer = await this.#calls.call(this.#callHead, body);
    if (answer.status >= 500) {
      // A master that leads no more; its stream ends, too.
      throw new ConnectionLostError(answer.body.toString());
    }
    if (answer.status !== 202 && answer.status !== 200) {
      throw new CallRefusedError(answer.status, answer.body.toString());
    }
  }

  /** Another master leads: leaves the last one, and subscribes there at once. */
  moveTo(master: string): void {
    this.#home = master;
    if (this.#closed || (this.#master === master && this.#request !== undefined)) {
      return;
    }
    this.#master = master;
    this.#backoffMs = FIRST_BACKOFF_MS;
    if (this.#request === undefined) {
      clearTimeout(this.#retry);
      this.#subscribe();
    } else {
      this.#lost(this.#request, `${master} leads now`, 0);
    }
  }

  /** Closes both connections. The master keeps the framework for its failover timeout. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#disconnect();
  }

  #encode(call: SchedulerCall): Uint8Array {
    return this.#options.codec === 'json'
      ? Buffer.from(writeJson(types.SchedulerCall, call))
      : encodeMessage(types.SchedulerCall, call);
  }

  #subscribe(): void {
    const { framework, suppressedRoles, codec, dialer = plainDialer } = this.#options;
    const known = this.#frameworkId === undefined ? undefined : { value: this.#frameworkId };
    const body = this.#encode({
      ...(known ? { framework_id: known } : {}),
      type: SchedulerCall_Type.SUBSCRIBE,
      subscribe: {
        framework_info: known ? { ...framework, id: known } : framework,
        ...(suppressedRoles ? { suppressed_roles: [...suppressedRoles] } : {}),
      },
    });
    const master = this.#master;
    const { host, port } = hostAndPort(master);
    const request = httpRequest({
      host,
      port,
      path: PATH,
      method: 'POST',
      createConnection: () => dialer.dial(master),
      headers: {
        'Content-Type': MEDIA_TYPE_OF[codec],
        Accept: MEDIA_TYPE_OF[codec],
        'Content-Length': body.length,
        ...this.#authorization(),
      },
    });
    this.#request = request;
    this.#awaitLife(SUBSCRIBE_TIMEOUT_MS);
    request.on('error', (error) => this.#lost(request, reasonOf(error)));
    request.on('close', () => this.#lost(request, 'the stream has ended'));
    request.on('response', (response) => this.#onResponse(request, response));
    request.setNoDelay(true);
    request.end(body);
  }

  #onResponse(request: ClientRequest, response: IncomingMessage): void {
    const { statusCode, headers } = response;
    if (statusCode === 200) {
      this.#openStream(request, response, headers['mesos-stream-id']);
      return;
    }
    const leader = statusCode === 307 ? addressIn(headers.location) : undefined;
    if (leader !== undefined) {
      this.#master = leader;
      // During an election masters may redirect to each other: later attempts pause longer and
      // longer.
      const atOnce = ++this.#redirects <= MAX_REDIRECTS;
      this.#lost(request, `redirected to ${leader}`, atOnce ? 0 : undefined);
      return;
    }
    let text = '';
    response.setEncoding('utf8');
    response.on('data', (piece: string) => {
      text = (text + piece).slice(0, MAX_REFUSAL_BYTES);
    });
    response.on('end', () => this.#refused(request, statusCode ?? 0, text));
  }

  #openStream(
    request: ClientRequest,
    response: IncomingMessage,
    streamId: string | string[] | undefined,
  ): void {
    const { codec } = this.#options;
    const authorization = Object.entries(this.#authorization())
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('');
    this.#callHead =
      `POST ${PATH} HTTP/1.1\r\nHost: ${this.#master}\r\nContent-Type: ${MEDIA_TYPE_OF[codec]}\r\n` +
      `Accept: ${MEDIA_TYPE_OF[codec]}\r\nMesos-Stream-Id: ${String(streamId)}\r\n${authorization}`;
    const records = new RecordReader();
    response.on('data', (piece: Buffer) => {
      this.#awaitLife(this.#silenceMs);
      try {
        for (const record of records.push(piece)) {
          this.#onRecord(request, record);
        }
      } catch (error) {
        this.#lost(request, (error as Error).message);
      }
    });
    response.on('error', (error) => this.#lost(request, error.message));
    response.on('end', () => this.#lost(request, 'the master has ended the stream'));
  }

  #onRecord(request: ClientRequest, record: Uint8Array): void {
    if (this.#request !== request) {
      return;
    }
    const event =
      this.#options.codec === 'json'
        ? readJson(types.SchedulerEvent, utf8.decode(record))
        : decodeMessage(types.SchedulerEvent, record);
    if (event.subscribed) {
      const seconds = event.subscribed.heartbeat_interval_seconds ?? 15;
      this.#frameworkId = event.subscribed.framework_id.value;
      this.#silenceMs = seconds * MISSED_HEARTBEATS * 1000;
      this.#backoffMs = FIRST_BACKOFF_MS;
      this.#redirects = 0;
      this.#subscribed = true;
      this.#isLossTold = false;
      this.#awaitLife(this.#silenceMs);
      this.#options.onConnected?.();
    }
    if (event.type === SchedulerEvent_Type.ERROR) {
      // The master does not accept this framework any more; another attempt would not change that.
      this.close();
    }
    this.#options.onEvent(event);
  }

  /** The request or the framework is not acceptable, so there is no use in another attempt. */
  #refused(request: ClientRequest, status: number, text: string): void {
    if (this.#closed || this.#request !== request) {
      return;
    }
    if (status >= 500) {
      this.#lost(request, `status ${status}: ${text}`);
      return;
    }
    this.close();
    this.#options.onEvent({
      type: SchedulerEvent_Type.ERROR,
      error: { message: this.#refusalText(status, text) },
    });
  }

  #refusalText(status: number, text: string): string {
    if (status === 401) {
      const { credential } = this.#options;
      return credential === undefined
        ? UNAUTHENTICATED
        : `${NOT_ACCEPTED} '${credential.principal}' with this secret`;
    }
    // An agent takes the call for one of its operator API, and cannot parse it.
    const isAgent = status === 400 && text.startsWith('Failed to parse body');
    if (status === 404 || status === 405 || isAgent) {
      const words = text === '' ? '' : `: ${text}`;
      return `${NO_MASTER} ${this.#master}: SUBSCRIBE was answered with status ${status}${words}`;
    }
    return text === '' ? `SUBSCRIBE was answered with status ${status}` : text;
  }

  #lost(request: ClientRequest, reason: string, delayMs?: number): void {
    if (this.#request !== request || this.#closed) {
      return;
    }
    const wasSubscribed = this.#subscribed;
    this.#disconnect();
    const isRedirected = delayMs === 0;
    if (wasSubscribed || !(this.#isLossTold || isRedirected)) {
      this.#isLossTold = true;
      this.#options.onDisconnected?.(reason);
    }
    if (this.#closed) {
      return;
    }
    // If the last leader is gone, the original address may know the new one.
    if (delayMs === undefined && !wasSubscribed) {
      this.#master = this.#home;
    }
    const wait = delayMs ?? this.#backoffMs * (0.5 + Math.random() / 2);
    this.#backoffMs = Math.min(this.#backoffMs * 2, MAX_BACKOFF_MS);
    this.#retry = setTimeout(() => this.#subscribe(), wait);
  }

  #disconnect(): void {
    clearTimeout(this.#silence);
    this.#subscribed = false;
    const request = this.#request;
    this.#request = undefined;
    request?.destroy();
    this.#calls?.close();
    this.#calls = undefined;
  }

  #awaitLife(patienceMs: number): void {
    clearTimeout(this.#silence);
    const request = this.#request;
    this.#silence = setTimeout(() => {
      if (request) {
        this.#lost(request, 'no heartbeat came');
      }
    }, patienceMs);
  }

  #authorization(): Record<string, string> {
    const { credential } = this.#options;
    if (!credential) {
      return {};
    }
    const text = `${credential.principal}:${credential.secret}`;
    return { Authorization: `Basic ${Buffer.from(text).toString('base64')}` };
  }
}

const utf8 = new TextDecoder();

/** If a name has several addresses, the error that stands for all of theirs has no text. */
const reasonOf = ({ message, code }: NodeJS.ErrnoException) => message || (code ?? 'no connection');

/** Reads `//host:port/path`, with or without a scheme. */
function addressIn(location: string | undefined): string | undefined {
  return /^(?:https?:)?\/\/([^/?#]+)/.exec(location ?? '')?.[1];
}

/** A text that is no address becomes one that refuses connections. */
const hostAndPort = (address: string): Address => parseAddress(address) ?? { host: '', port: 0 };
