// Single calls to a master or an agent: operator API, unversioned endpoints, files of sandboxes.
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { formatDuration } from '../../model/duration.ts';
import {
  type AgentCall,
  AgentCall_Type,
  type AgentResponse,
  type MasterCall,
  type MasterResponse,
} from '../../model/generated/messages.ts';
import { timerDelay } from '../../model/timer-delay.ts';
import { readJson, writeJson } from '../../wire/json.ts';
import type { MessageType } from '../../wire/message-type.ts';
import { decodeMessage } from '../../wire/protobuf.ts';
import { types } from '../../wire/types.ts';
import { WireError } from '../../wire/wire-error.ts';
import { JSON_TYPE, PROTOBUF_TYPE } from '../server/content-negotiation.ts';
import type { Credential } from '../server/credentials.ts';
import { type Dialer, plainDialer } from '../transport/dialer.ts';
import { answerHead, textOf } from './answer-head.ts';
import { KeptConnections } from './kept-connections.ts';
import { CallRefusedError } from './scheduler-client.ts';

export interface OperatorClientOptions {
  /** The `host:port` of a master or agent. */
  readonly address: string;
  /** What opens the connections; without it they are not encrypted. */
  readonly dialer?: Dialer | undefined;
  readonly credential?: Credential | undefined;
  /** Stands before each path: `/agent/ID` of what a master relays. */
  readonly prefix?: string | undefined;
  /** How long a response may take, to its last byte; 0: as long as it takes. */
  readonly timeoutMs?: number | undefined;
  /** The most bytes of a response. */
  readonly mostBytes?: number | undefined;
}

interface Received {
  readonly status: number;
  readonly location: string | undefined;
  readonly contentType: string | undefined;
  readonly body: Buffer;
}

const TIMEOUT_MS = 30_000;
const MAX_REDIRECTS = 5;
/** Beyond what the largest cluster's state takes; one text cannot be longer. */
const MOST_BYTES = 512 * 1024 * 1024;
/** Of why a call is refused. */
const MOST_REFUSAL_BYTES = 64 * 1024;
/** How many bytes of a file are read at once; the server's own limit. */
const PIECE_BYTES = 64 * 1024;

class LateAnswerError extends Error {
  readonly code = 'MESOSCALE_LATE_ANSWER';

  constructor(timeoutMs: number) {
    super(`no answer within ${formatDuration(timeoutMs)}`);
  }
}

const BOUND = { stage: 'bound' } as const;

export class OperatorClient {
  readonly #options: OperatorClientOptions;
  readonly #connections: KeptConnections;
  #address: string;

  constructor(options: OperatorClientOptions) {
    this.#options = options;
    this.#address = options.address;
    this.#connections = new KeptConnections(options.dialer ?? plainDialer);
  }

  /** Calls a master. @throws CallRefusedError when the call is refused. */
  master(call: MasterCall): Promise<MasterResponse> {
    return this.#call(types.MasterCall, types.MasterResponse, call);
  }

  /** Calls an agent. @throws CallRefusedError when the call is refused. */
  agent(call: AgentCall): Promise<AgentResponse> {
    return this.#call(types.AgentCall, types.AgentResponse, call);
  }

  /**
   * Reads an unversioned endpoint such as `/state`. @throws CallRefusedError when it is refused.
   */
  async get(path: string): Promise<unknown> {
    const { status, body } = await this.#send('GET', path, undefined);
    if (status !== 200) {
      throw new CallRefusedError(status, body.toString());
    }
    return body.length === 0 ? undefined : readAnswer(body.toString());
  }

  /** The body of an answer to GET, as it comes. @throws CallRefusedError when it is refused. */
  async stream(path: string): Promise<IncomingMessage> {
    const request = this.#request('GET', path, undefined);
    request.end();
    const response = await answerHead(request);
    if (response.statusCode !== 200) {
      throw new CallRefusedError(response.statusCode ?? 0, await textOf(response));
    }
    return response;
  }

  /** A piece of a file; empty at its end. Undefined where there is no such file (yet). */
  async readFile(
    path: string,
    offset: number,
  ): Promise<{ readonly size: number; readonly data: Uint8Array } | undefined> {
    const call: AgentCall = {
      type: AgentCall_Type.READ_FILE,
      read_file: { path, offset, length: PIECE_BYTES },
    };
    try {
      return (await this.agent(call)).read_file;
    } catch (error) {
      if (error instanceof CallRefusedError && error.status === 404) {
        return undefined;
      }
      throw error;
    }
  }

  async #call<Call, Response extends object>(
    callType: MessageType<Call>,
    responseType: MessageType<Response>,
    call: Call,
  ): Promise<Response> {
    const sent = Buffer.from(writeJson(callType, call));
    const { status, contentType, body } = await this.#send('POST', '/api/v1', sent);
    if (status !== 200 && status !== 202) {
      throw new CallRefusedError(status, body.toString());
    }
    return contentType === PROTOBUF_TYPE
      ? decodeMessage(responseType, body)
      : readJson(responseType, body.length === 0 ? '{}' : body.toString());
  }

  async #send(method: string, path: string, body: Buffer | undefined): Promise<Received> {
    for (let redirects = 0; ; redirects++) {
      const received = await this.#sendOnce(method, path, body);
      const leader =
        received.status === 307 ? /^(?:https?:)?\/\/([^/?#]+)/.exec(received.location ?? '') : null;
      if (!leader?.[1] || redirects >= MAX_REDIRECTS) {
        return received;
      }
      this.#address = leader[1];
    }
  }

  #sendOnce(method: string, path: string, body: Buffer | undefined): Promise<Received> {
    const { timeoutMs = TIMEOUT_MS, mostBytes = MOST_BYTES } = this.#options;
    return new Promise((resolve, reject) => {
      const request = this.#request(method, path, body);
      const giveUp = (error: Error) => {
        reject(error);
        request.destroy();
      };
      // One that comes byte by byte is never silent, and never ends.
      const deadline =
        timeoutMs === 0
          ? undefined
          : setTimeout(() => giveUp(new LateAnswerError(timeoutMs)), timerDelay(timeoutMs));
      request.once('close', () => clearTimeout(deadline));
      answerHead(request).then((response) => {
        const status = response.statusCode ?? 0;
        const pieces: Buffer[] = [];
        let bytes = 0;
        const end = () =>
          resolve({
            status,
            location: response.headers.location,
            contentType: response.headers['content-type'],
            body: Buffer.concat(pieces),
          });
        response.on('data', (piece: Buffer) => {
          bytes += piece.length;
          pieces.push(piece);
          if (status >= 300 && bytes >= MOST_REFUSAL_BYTES) {
            end();
            request.destroy();
          } else if (bytes > mostBytes) {
            giveUp(new WireError(`The answer is larger than ${mostBytes} bytes`, BOUND));
          }
        });
        response.on('error', reject);
        response.on('end', end);
      }, reject);
      request.end(body);
    });
  }

  #request(method: string, path: string, body: Buffer | undefined): ClientRequest {
    const { credential, prefix = '', timeoutMs = TIMEOUT_MS } = this.#options;
    const request = httpRequest(`http://${this.#address}${prefix}${path}`, {
      method,
      agent: this.#connections,
      timeout: timeoutMs,
      headers: {
        // Messages of a large cluster are read in a quarter of the time that their JSON takes.
        Accept: body === undefined ? JSON_TYPE : PROTOBUF_TYPE,
        ...(body ? { 'Content-Type': JSON_TYPE, 'Content-Length': body.length } : {}),
      },
      ...(credential ? { auth: `${credential.principal}:${credential.secret}` } : {}),
    });
    request.on('timeout', () => request.destroy(new LateAnswerError(timeoutMs)));
    return request;
  }
}

/** @throws WireError where the text is no JSON. */
function readAnswer(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new WireError(`The answer is no JSON: ${(error as Error).message}`, { stage: 'parse' });
  }
}
