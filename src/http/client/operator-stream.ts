// The stream of events that a master's SUBSCRIBE of the operator API begins.
import { request as httpRequest, type IncomingMessage } from 'node:http';
import {
  type MasterCall,
  MasterCall_Type,
  type MasterEvent,
} from '../../model/generated/messages.ts';
import { decodeMessage, encodeMessage } from '../../wire/protobuf.ts';
import { RecordReader } from '../../wire/record-io.ts';
import { types } from '../../wire/types.ts';
import { PROTOBUF_TYPE } from '../server/content-negotiation.ts';
import type { Credential } from '../server/credentials.ts';
import type { Dialer } from '../transport/dialer.ts';
import { answerHead, textOf } from './answer-head.ts';
import { KeptConnections } from './kept-connections.ts';
import { CallRefusedError } from './scheduler-client.ts';

interface OperatorStreamOptions {
  /** The `host:port` of a master; one that does not lead names the one that does. */
  readonly address: string;
  readonly dialer: Dialer;
  readonly credential: Credential | undefined;
  /** How long the first record may take. */
  readonly timeoutMs: number;
}

/** No answer came, or no more of it. */
class LateEventError extends Error {
  readonly code = 'MESOSCALE_LATE_EVENT';
}

const MAX_REDIRECTS = 5;
/** A stream is dead after this many heartbeat intervals without data. */
const MISSED_HEARTBEATS = 5;
const USUAL_HEARTBEAT_S = 15;

/** Also tells what Mesos's stream does not, where the master is one of ours. */
const CALL: MasterCall = { type: MasterCall_Type.SUBSCRIBE, subscribe: { updates: true } };

export class OperatorStream {
  readonly #options: OperatorStreamOptions;
  readonly #connections: KeptConnections;

  constructor(options: OperatorStreamOptions) {
    this.#options = options;
    // Such a connection may be silent for as long as heartbeats are apart.
    this.#connections = new KeptConnections(options.dialer, { keepAlive: false, timeout: 0 });
  }

  /**
   * The events, until the master ends the stream. It rejects where the connection breaks or falls
   * silent. @throws CallRefusedError when the call is refused.
   */
  async *events(): AsyncGenerator<MasterEvent> {
    const { response, expect } = await this.#subscribe();
    const reader = new RecordReader();
    let patienceMs = this.#options.timeoutMs;
    for await (const piece of response as AsyncIterable<Buffer>) {
      expect(patienceMs);
      for (const record of reader.push(piece)) {
        const event = decodeMessage(types.MasterEvent, record);
        if (event.subscribed !== undefined) {
          const seconds = event.subscribed.heartbeat_interval_seconds ?? USUAL_HEARTBEAT_S;
          patienceMs = seconds * MISSED_HEARTBEATS * 1000;
          expect(patienceMs);
        }
        yield event;
      }
    }
  }

  async #subscribe(): Promise<{ response: IncomingMessage; expect: (ms: number) => void }> {
    const { address, credential, timeoutMs } = this.#options;
    const body = encodeMessage(types.MasterCall, CALL);
    for (let at = address, redirects = 0; ; redirects++) {
      const request = httpRequest(`http://${at}/api/v1`, {
        method: 'POST',
        agent: this.#connections,
        headers: {
          'Content-Type': PROTOBUF_TYPE,
          Accept: PROTOBUF_TYPE,
          'Content-Length': body.length,
        },
        ...(credential ? { auth: `${credential.principal}:${credential.secret}` } : {}),
      });
      const expect = (ms: number) => void request.setTimeout(ms);
      request.on('timeout', () =>
        request.destroy(new LateEventError('no heartbeat of the master came')),
      );
      expect(timeoutMs);
      request.end(body);
      const response = await answerHead(request);
      const status = response.statusCode ?? 0;
      const [, leader] = /^(?:https?:)?\/\/([^/?#]+)/.exec(response.headers.location ?? '') ?? [];
      if (status === 200) {
        return { response, expect };
      }
      if (status !== 307 || leader === undefined || redirects >= MAX_REDIRECTS) {
        throw new CallRefusedError(status, await textOf(response));
      }
      response.resume();
      at = leader;
    }
  }
}
