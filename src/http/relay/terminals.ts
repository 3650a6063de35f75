// Terminals of browsers (`/agent/AGENT_ID/terminal`): who may open a WebSocket, and to where.
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { AgentPlace } from '../../master/views.ts';
import { plainIp } from '../../model/origin.ts';
import { partyOf } from '../../security/party.ts';
import type { CallRefusedError } from '../client/scheduler-client.ts';
import type { Auditor } from '../server/auditor.ts';
import { foreignRequest, notFound, serviceUnavailable } from '../server/error-responses.ts';
import { type IdentifyOptions, identify } from '../server/identify.ts';
import { foreignOrigin } from '../server/own-requests.ts';
import { headerOf } from '../server/request-headers.ts';
import type { HttpResponse } from '../server/response.ts';
import type { Dialer } from '../transport/dialer.ts';
import type { Upgrades } from '../transport/listener.ts';
import { endWith } from '../transport/refusal.ts';
import { type Asker, askerOf, unknownAsker } from './asker.ts';
import type { Patience } from './patience.ts';
import { GIVEN_WAY, type RelayPlace, type RelayRoom } from './relay-room.ts';
import { RELAYED_HEADER } from './relay-token.ts';
import { refuseTerminal, runTerminal } from './terminal.ts';
import { isTerminalPath, type TerminalRequest, terminalRequest } from './terminal-request.ts';

export interface TerminalsOptions extends IdentifyOptions {
  readonly dialer: Dialer;
  readonly room: RelayRoom;
  readonly agentPlace: (id: string) => AgentPlace | undefined;
  readonly nowMs: () => number;
  readonly unavailable: (url: string) => HttpResponse | undefined;
  readonly auditor: Auditor | undefined;
  readonly patience: Patience;
}

/** Of a message: what is pasted. */
const MAX_MESSAGE_BYTES = 1024 * 1024;
const CALL = '/agent';

/** What was found out before a terminal is opened. */
interface Opening {
  readonly request: TerminalRequest;
  readonly place: AgentPlace;
  readonly asker: () => Asker;
  readonly taken: RelayPlace;
  readonly party: string;
}

export class Terminals implements Upgrades {
  readonly #options: TerminalsOptions;
  readonly #server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
  });

  constructor(options: TerminalsOptions) {
    this.#options = options;
  }

  accepts({ method, url = '', headers }: IncomingMessage): boolean {
    return (
      method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket' && isTerminalPath(url)
    );
  }

  take(head: IncomingMessage, stream: Duplex, first: Buffer): void {
    const opening = this.#opening(head);
    if ('status' in opening) {
      endWith(stream, opening);
      return;
    }
    const { request, place, asker, taken, party } = opening;
    const { dialer, room, patience } = this.#options;
    if (stream.destroyed) {
      taken.over();
      return;
    }
    stream.once('close', () => taken.over());
    taken.giveWay = () => stream.destroy();
    this.#server.handleUpgrade(head, stream, first, (socket) => {
      taken.giveWay = () => refuseTerminal(socket, { error: `${GIVEN_WAY}.`, status: 503 });
      void runTerminal(socket, request, {
        address: place.address,
        dialer,
        headers: () => {
          const { authorization } = asker();
          return { [RELAYED_HEADER]: '1', ...(authorization && { Authorization: authorization }) };
        },
        explain: ({ status, message }: CallRefusedError) =>
          (status === 401 ? unknownAsker(request.agent, asker()) : undefined) ?? message,
        pace: (bytes) => new Promise((resolve) => room.pass(party, bytes, resolve)),
        heartbeatMs: patience.heartbeatMs,
      });
    });
  }

  #opening(head: IncomingMessage): Opening | HttpResponse {
    const { agentPlace, nowMs, room, unavailable } = this.#options;
    const url = head.url ?? '';
    const origin = plainIp(head.socket.remoteAddress ?? '');
    // Browsers let every site open a WebSocket to anywhere, and read from it.
    const foreign = foreignOrigin(head);
    if (foreign !== undefined) {
      this.#disbelieve(foreign, origin);
      return foreignRequest(foreign);
    }
    const who = identify(this.#options, head, {
      realm: 'mesos-master-readwrite',
      kind: 'socket',
    });
    if ('refusal' in who) {
      this.#disbelieve(who.why, origin, who.claimed);
      return who.refusal;
    }
    const away = unavailable(url);
    if (away !== undefined) {
      return away;
    }
    const request = terminalRequest(url);
    if ('status' in request) {
      return request;
    }
    const { agent } = request;
    const place = agentPlace(agent);
    if (place === undefined) {
      return notFound(`No agent ${agent} is registered and connected.`);
    }
    const { principal } = who;
    const party = partyOf(principal, origin);
    const taken = room.take(party, agent);
    if ('full' in taken) {
      return serviceUnavailable(`${taken.full}.`);
    }
    const client = { principal, authorization: headerOf(head, 'authorization') };
    // A token lasts a minute, and a terminal longer.
    const asker = () => askerOf(client, place, { agent, nowMs: nowMs() });
    return { request, place, asker, taken, party };
  }

  #disbelieve(why: string, origin: string, claimed?: string): void {
    const told = { call: CALL, why: `authentication: ${why}`, claimed };
    this.#options.auditor?.disbelieve(told, origin);
  }
}
