// A master's port. Requests and messages become events of the state machine, or views answer them.
// Effects that are sent over HTTP, or to agents, are performed here.
import { randomBytes } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { MasterEffect } from '../../master/effects.ts';
import type { MasterEvent } from '../../master/events.ts';
import type { MasterViews } from '../../master/views.ts';
import type { MessageToMaster } from '../../model/agent-messages.ts';
import type { MasterResponse } from '../../model/generated/messages.ts';
import {
  PendingRequests,
  performResponse,
  StreamRegistry,
} from '../../runtime/pending-requests.ts';
import { decodeToMaster, isToMaster } from '../../wire/libprocess.ts';
import { MASTER_FAMILIES } from '../metrics/master-families.ts';
import { PATIENCE, type Patience } from '../relay/patience.ts';
import { Relay } from '../relay/relay.ts';
import { RelayRoom } from '../relay/relay-room.ts';
import { Terminals } from '../relay/terminals.ts';
import { authenticate, peerOf } from '../server/authentication.ts';
import type { Credentials } from '../server/credentials.ts';
import { masterRecovering, noLeader, serviceUnavailable } from '../server/error-responses.ts';
import type { AttachedFiles } from '../server/files.ts';
import type { Readiness } from '../server/process-endpoints.ts';
import { type PortOptions, ProcessPort } from '../server/process-port.ts';
import { type HttpResponse, redirectTo } from '../server/response.ts';
import type { Pressure } from '../transport/connection.ts';
import { pageEndpoints } from '../webui/endpoints.ts';
import type { Page } from '../webui/page.ts';
import { PageSessions } from '../webui/page-sessions.ts';
import { MasterEndpoints } from './endpoints.ts';
import { MasterOperatorApi } from './operator-api.ts';
import { OperatorRecords } from './operator-records.ts';
import { SchedulerApi } from './scheduler-api.ts';
import type { MasterStream } from './streams.ts';

export interface MasterServerOptions extends PortOptions {
  /** Dispatches an event, as EventLoop.dispatch. */
  readonly dispatch: (event: MasterEvent) => void;
  /** Dispatches an event that begins new work, as EventLoop.dispatchNewWork. */
  readonly dispatchNewWork: (make: () => MasterEvent) => void;
  readonly views: MasterViews;
  /** Those that clients authenticate by; with these, sessions end. */
  readonly credentials?: Credentials | undefined;
  /** Where relays wait for something else than by default. */
  readonly patience?: Partial<Patience> | undefined;
  /** What browsers are shown at `/`; absent: where /help is. */
  readonly page?: Page | undefined;
}

/** The effects that this server performs. */
export type MasterServerEffect = Extract<
  MasterEffect,
  {
    type:
      | 'reply'
      | 'respond'
      | 'openStream'
      | 'sendToFramework'
      | 'sendToOperator'
      | 'closeStream'
      | 'sendToAgent'
      | 'link'
      | 'audit'
      | 'auditDisbelief';
  }
>;

/** A master's processes: itself, observers of agents, and those that others authenticate with. */
const RECEIVERS = /^(?:master|(?:slave-observer|crammd5-authenticator-session)\(\d+\))$/;

/** Digits that nobody can foresee. */
const nonce = () => BigInt(`0x${randomBytes(16).toString('hex')}`).toString();

const NO_FILES: AttachedFiles = new Map();

export class MasterServer {
  readonly #options: MasterServerOptions;
  readonly #requests = new PendingRequests<MasterStream, MasterResponse>();
  readonly #streams: StreamRegistry<MasterStream>;
  readonly #operatorRecords = new OperatorRecords();
  readonly port: ProcessPort<MessageToMaster>;
  #endpoints: MasterEndpoints | undefined;
  #isRetired = false;

  private constructor(options: MasterServerOptions) {
    const { dispatch, clock, views } = options;
    const nowMs = () => clock.nowMs();
    this.#options = options;
    this.#streams = new StreamRegistry((stream) =>
      dispatch({ type: 'streamClosed', nowMs: nowMs(), stream }),
    );
    this.port = new ProcessPort(options, {
      id: 'master',
      realms: { readonly: 'mesos-master-readonly', readwrite: 'mesos-master-readwrite' },
      families: MASTER_FAMILIES,
      readiness: () => readinessOf(views),
      figures: (now, set) => {
        set('master/http_cache_hits', this.#endpoints?.shared ?? 0);
        return views.figures(now, set);
      },
      sandboxes: () => NO_FILES,
      isReceiver: (id) => RECEIVERS.test(id),
      isMessage: isToMaster,
      decode: decodeToMaster,
      onMessage: (from, message, to) =>
        dispatch({
          type: 'agentMessage',
          nowMs: nowMs(),
          from,
          to,
          message,
          ...(message.name === 'AuthenticationStartMessage' ? { nonce: nonce() } : {}),
        }),
      onLinkLost: (address) => dispatch({ type: 'linkLost', nowMs: nowMs(), address }),
      clients: 'Frameworks',
    });
  }

  /** Starts to listen and to dispatch events. */
  static async start(options: MasterServerOptions): Promise<MasterServer> {
    const server = new MasterServer(options);
    await server.#listen();
    return server;
  }

  /** The number of open streams, links and connections, for metrics. */
  get open(): { schedulers: number; operators: number; links: number; connections: number } {
    const readers = [...this.#streams.values()].map(({ reader }) => reader);
    return {
      schedulers: readers.filter((reader) => reader === 'scheduler').length,
      operators: readers.filter((reader) => reader === 'operator').length,
      links: this.port.links.size,
      connections: this.port.connections,
    };
  }

  /**
   * The master ends, for this reason. No connection is accepted from now on, and no call is waited
   * for: each that has no answer is told so, and each that still comes on a connection, that nobody
   * leads. Whether what was asked for will be found done is not always known then. Resolves when
   * the answers have been written.
   */
  async retire(reason: string): Promise<void> {
    this.#isRetired = true;
    const text = `The master ends, and this may not have been done: ${reason}`;
    const refusal = serviceUnavailable(text);
    this.port.retire(refusal);
    for (const request of this.#requests.takeAll()) {
      request.reply(refusal.status, text);
    }
    // Some are written by promises, all of which have settled before the next turn of the loop.
    await nextTurn();
  }

  perform(effect: MasterServerEffect): void {
    switch (effect.type) {
      case 'reply':
      case 'openStream':
      case 'closeStream':
        performResponse(effect, this.#requests, this.#streams);
        return;
      case 'respond':
        this.#requests.take(effect.request)?.respond?.(effect.response);
        return;
      case 'sendToFramework': {
        const stream = this.#streams.get(effect.to.id);
        if (stream?.reader === 'scheduler') {
          stream.send(effect.event);
        }
        return;
      }
      case 'sendToOperator': {
        const stream = this.#streams.get(effect.stream);
        if (stream?.reader === 'operator') {
          const record = this.#operatorRecords.of(effect.event, stream.codec);
          if (record instanceof Promise) {
            void stream.sendMade(record);
          } else {
            stream.sendFramed(record);
          }
        }
        return;
      }
      case 'sendToAgent':
        this.port.links.send(this.port.pid(effect.from), effect.to, effect.message);
        return;
      case 'link':
        this.port.links.link(effect.address);
        return;
      case 'audit':
        this.#options.auditor?.tell(effect.entry, effect.origin);
        return;
      case 'auditDisbelief':
        this.#options.auditor?.disbelieve(effect.disbelief, effect.origin);
        return;
      default:
        effect satisfies never;
    }
  }

  #listen(): Promise<void> {
    const { dispatch, dispatchNewWork, clock, views, authorizer, authentication } = this.#options;
    const { auditor } = this.#options;
    const { turn, process, links, durations } = this.port;
    const nowMs = () => clock.nowMs();
    const unavailable = (url: string) => this.#unavailable(url);
    const scheduler = new SchedulerApi({
      dispatch,
      dispatchNewWork,
      nowMs,
      turn,
      requests: this.#requests,
      streams: this.#streams,
      unavailable,
      answered: (status, tookMs) => durations.add('/api/v1/scheduler', status, tookMs),
      identify: (authorization, connection) => {
        const result = authenticate(
          authentication,
          'mesos-master-scheduler',
          authorization,
          peerOf(connection),
        );
        return 'challenge' in result || (result.principal && !result.principal.value)
          ? undefined
          : result;
      },
    });
    const operator = new MasterOperatorApi({
      dispatch,
      nowMs,
      turn,
      requests: this.#requests,
      streams: this.#streams,
      views,
      authorizer,
      auditor,
      process,
      unavailable,
    });
    this.#endpoints = new MasterEndpoints({
      views,
      authorizer,
      auditor,
      operator,
      scheduler,
      turn,
      noLeader,
      unavailable,
    });
    const sessions = new PageSessions({
      nowMs,
      generation: () => this.#options.credentials?.generation ?? 0,
      authentication,
      auditor,
      port: () => this.port.number,
    });
    const relaying = {
      dialer: this.#options.carriers.dialer,
      room: new RelayRoom(),
      agentPlace: (id: string) => views.agentPlace(id),
      nowMs,
      unavailable,
      patience: { ...PATIENCE, ...this.#options.patience },
    };
    const relay = new Relay(relaying);
    const identifying = { authentication, sessions, namedPrincipalsOnly: true };
    const terminals = new Terminals({ ...relaying, ...identifying, auditor });
    return this.port.listen({
      prefix: '/master',
      endpoints: [
        ...this.#endpoints.endpoints(),
        ...pageEndpoints({ page: this.#options.page, leader: () => views.leader }),
        sessions.endpoint(),
        relay.endpoint(),
      ],
      namedPrincipalsOnly: true,
      sessions,
      upgrades: { path: '/agent', to: terminals },
      calls: { path: '/api/v1/scheduler', receiver: scheduler },
      pressure: bothPressures(this.#options.pressure, links.pressure),
    });
  }

  /** Only a leader that has read its registry answers. */
  #unavailable(url: string): HttpResponse | undefined {
    if (this.#isRetired) {
      return noLeader;
    }
    const { leader, recovered } = this.#options.views;
    switch (leader.kind) {
      case 'none':
        return noLeader;
      case 'other':
        return redirectTo(
          `//${leader.address}${url.startsWith('/master/') ? '' : '/master'}${url}`,
        );
      case 'self':
        return recovered ? undefined : masterRecovering;
    }
  }
}

/** A master that follows sends clients to the leader, and is ready for that. */
function readinessOf({ leader, recovered, awaitsAgents }: MasterViews): Readiness {
  switch (leader.kind) {
    case 'none':
      return { ready: false, state: 'no_leader' };
    case 'other':
      return { ready: true, state: 'following' };
    case 'self':
      if (!recovered) {
        return { ready: false, state: 'reading_registry' };
      }
      return awaitsAgents
        ? { ready: false, state: 'awaiting_agents' }
        : { ready: true, state: 'leading' };
  }
}

/**
 * Combines the pressure of the state machine and that of peers which are slow to take what is sent.
 */
const bothPressures = (machine: Pressure, peers: Pressure): Pressure => ({
  get saturated() {
    return machine.saturated || peers.saturated;
  },
  // After one is drained, the waiting producer checks both again, and may have to wait for the
  // other.
  whenDrained: (resume) => (peers.saturated ? peers : machine).whenDrained(resume),
});
