// Attaches to a container of an agent: what its process writes, and what it reads.
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import {
  type AgentCall,
  AgentCall_AttachContainerInput_Type,
  AgentCall_Type,
  type AgentResponse,
  type ContainerID,
  type ProcessIO,
} from '../../model/generated/messages.ts';
import { timerDelay } from '../../model/timer-delay.ts';
import { readJson, writeJson } from '../../wire/json.ts';
import { decodeMessage, encodeMessage } from '../../wire/protobuf.ts';
import { encodeRecord, RecordReader } from '../../wire/record-io.ts';
import { types } from '../../wire/types.ts';
import { JSON_TYPE, PROTOBUF_TYPE, RECORDIO_TYPE } from '../server/content-negotiation.ts';
import type { Credential } from '../server/credentials.ts';
import type { Dialer } from '../transport/dialer.ts';
import { answerHead, textOf, whenConnected } from './answer-head.ts';
import { KeptConnections } from './kept-connections.ts';
import { CallRefusedError } from './scheduler-client.ts';

export interface AttachmentClientOptions {
  /** The `host:port` of an agent. */
  readonly address: string;
  readonly dialer: Dialer;
  readonly credential?: Credential | undefined;
  /** Stands before the path: `/agent/ID` of what a master relays. */
  readonly prefix?: string | undefined;
  /** How long it may take until there is a connection; without or 0, as long as it takes. */
  readonly connectMs?: number | undefined;
  /** How long until an answer with output begins, which then may take any time; 0: any time. */
  readonly answerMs?: number | undefined;
  /** More fields of each request, made when it leaves. */
  readonly headers?: (() => Readonly<Record<string, string>>) | undefined;
  /** Resolves when so many more bytes of output may be read. */
  readonly pace?: ((bytes: number) => Promise<void>) | undefined;
  /** Ends all that is open. */
  readonly signal?: AbortSignal | undefined;
}

/** Of a record of output. */
const MAX_RECORD_BYTES = 4 * 1024 * 1024;

class LateConnectionError extends Error {
  readonly code = 'MESOSCALE_LATE_CONNECTION';
}

class LateHeadError extends Error {
  readonly code = 'MESOSCALE_LATE_HEAD';
}

export class AttachmentClient {
  readonly #options: AttachmentClientOptions;
  readonly #connections: KeptConnections;

  constructor(options: AttachmentClientOptions) {
    this.#options = options;
    // Such a connection may be silent for any time.
    this.#connections = new KeptConnections(options.dialer, { timeout: 0 });
  }

  /**
   * The answer to a call that attaches to output. It rejects on the way where the connection
   * breaks. @throws CallRefusedError when the call is refused.
   */
  async output(call: AgentCall): Promise<AsyncIterable<ProcessIO>> {
    const request = this.#request({
      'Content-Type': JSON_TYPE,
      Accept: RECORDIO_TYPE,
      'Message-Accept': PROTOBUF_TYPE,
    });
    const { address, answerMs } = this.#options;
    const begun = limited(request, answerMs, () => new LateHeadError(`No answer of ${address}`));
    request.end(writeJson(types.AgentCall, call));
    const response = await answerHead(request);
    if (response.statusCode !== 200) {
      throw new CallRefusedError(response.statusCode ?? 0, await textOf(response));
    }
    begun();
    return recordsOf(response, this.#options.pace);
  }

  /** `onRefused` is called where the agent takes no (more) input, though the container goes on. */
  input(container_id: ContainerID, onRefused: (error: CallRefusedError) => void): InputSender {
    const request = this.#request({
      'Content-Type': RECORDIO_TYPE,
      'Message-Content-Type': PROTOBUF_TYPE,
      Accept: JSON_TYPE,
    });
    const sender = new InputSender(request, container_id);
    answerHead(request)
      .then(async (response) => {
        const status = response.statusCode ?? 0;
        const text = await textOf(response);
        // Otherwise the container has ended, which its output tells.
        if (status >= 400 && status < 500 && status !== 404) {
          onRefused(new CallRefusedError(status, text));
        }
      })
      // The output of the container, on a connection of its own, tells more.
      .catch(() => undefined);
    return sender;
  }

  /** A call with a short answer. @throws CallRefusedError when the call is refused. */
  async ask(call: AgentCall): Promise<AgentResponse> {
    const request = this.#request({ 'Content-Type': JSON_TYPE, Accept: JSON_TYPE });
    request.end(writeJson(types.AgentCall, call));
    const response = await answerHead(request);
    const text = await textOf(response);
    if (response.statusCode !== 200) {
      throw new CallRefusedError(response.statusCode ?? 0, text);
    }
    return readJson(types.AgentResponse, text === '' ? '{}' : text);
  }

  #request(headers: Readonly<Record<string, string>>): ClientRequest {
    const { address, prefix = '', credential, headers: more, signal, connectMs } = this.#options;
    const request = httpRequest(`http://${address}${prefix}/api/v1`, {
      method: 'POST',
      agent: this.#connections,
      headers: { ...headers, ...more?.() },
      ...(signal && { signal }),
      ...(credential ? { auth: `${credential.principal}:${credential.secret}` } : {}),
    });
    const late = () => new LateConnectionError(`No connection to ${address}`);
    whenConnected(request, limited(request, connectMs, late));
    return request;
  }
}

/** Until the returned function is called, the request ends with that error after that time. */
function limited(request: ClientRequest, ms: number | undefined, late: () => Error): () => void {
  if (ms === undefined || ms === 0) {
    return () => {};
  }
  let ended: ClientRequest | IncomingMessage = request;
  // A request that is being answered would end the answer without this error.
  request.once('response', (response) => {
    ended = response;
  });
  const timer = setTimeout(() => ended.destroy(late()), timerDelay(ms));
  const inTime = () => clearTimeout(timer);
  request.once('close', inTime);
  return inTime;
}

export class InputSender {
  readonly #request: ClientRequest;

  constructor(request: ClientRequest, container_id: ContainerID) {
    this.#request = request;
    // An error is seen where the answer is awaited.
    request.on('error', () => undefined);
    this.#write({ type: AgentCall_AttachContainerInput_Type.CONTAINER_ID, container_id });
  }

  /** False where the caller should wait for `onDrain` before it sends more. */
  send(process_io: ProcessIO): boolean {
    return this.#write({ type: AgentCall_AttachContainerInput_Type.PROCESS_IO, process_io });
  }

  onDrain(drained: () => void): void {
    this.#request.on('drain', drained);
  }

  end(): void {
    this.#request.end();
  }

  #write(attach_container_input: NonNullable<AgentCall['attach_container_input']>): boolean {
    const call = { type: AgentCall_Type.ATTACH_CONTAINER_INPUT, attach_container_input };
    return (
      this.#request.writableEnded ||
      this.#request.destroyed ||
      this.#request.write(encodeRecord(encodeMessage(types.AgentCall, call)))
    );
  }
}

async function* recordsOf(
  response: IncomingMessage,
  pace: AttachmentClientOptions['pace'],
): AsyncGenerator<ProcessIO> {
  const reader = new RecordReader(MAX_RECORD_BYTES);
  for await (const piece of response) {
    await pace?.(piece.length);
    for (const record of reader.push(piece)) {
      yield decodeMessage(types.ProcessIO, record);
    }
  }
}
