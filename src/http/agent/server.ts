// An agent's port: the executor API, the operator API, sandboxes, and messages of the master. The
// agent's driver shares its pending requests and open streams, for built-in executors.
import type { AgentEffect } from '../../agent/effects.ts';
import type { AgentEvent } from '../../agent/events.ts';
import type { AgentViews } from '../../agent/views.ts';
import type { MessageToAgent } from '../../model/agent-messages.ts';
import { reportFigures } from '../../model/figures.ts';
import {
  type PendingRequests,
  performResponse,
  type StreamRegistry,
} from '../../runtime/pending-requests.ts';
import { decodeToAgent, isToAgent } from '../../wire/libprocess.ts';
import { AGENT_FAMILIES } from '../metrics/agent-families.ts';
import { withRelayed } from '../relay/relayed-authenticator.ts';
import { agentRecovering } from '../server/error-responses.ts';
import { Firewall } from '../server/firewall.ts';
import { type PortOptions, ProcessPort } from '../server/process-port.ts';
import type { HttpResponse } from '../server/response.ts';
import { createRouter } from '../server/router.ts';
import type { ContainerStatusOf, ContainerUsage, OtherContainers, UserOf } from './containers.ts';
import { AgentEndpoints } from './endpoints.ts';
import { ExecutorApi, type ExecutorStream } from './executor-api.ts';
import { ExecutorSocket } from './executor-socket.ts';
import { AgentOperatorApi } from './operator-api.ts';

export interface AgentServerOptions extends PortOptions {
  /** Dispatches an event, as EventLoop.dispatch. */
  readonly dispatch: (event: AgentEvent) => void;
  /** Requests of executors and operators that the state machine has not answered yet. */
  readonly requests: PendingRequests<ExecutorStream>;
  /** The event streams of executors; `onLost` dispatches `streamClosed`. */
  readonly streams: StreamRegistry<ExecutorStream>;
  readonly views: AgentViews;
  /** The process id by which masters address the agent. */
  readonly id?: string | undefined;
  /** What a container has used so far, as the containerizer measures it. */
  readonly usage?: ContainerUsage | undefined;
  /** The interval of heartbeats on the output of containers. */
  readonly heartbeatMs?: number | undefined;
  /** Which containers there are besides those of executors. */
  readonly others?: OtherContainers | undefined;
  readonly userOf?: UserOf | undefined;
  readonly containerStatusOf?: ContainerStatusOf | undefined;
  /** The path of a Unix socket on which the executor API is served, too. */
  readonly executorSocket?: string | undefined;
}

/** The ids of the processes by which an agent authenticates. */
const AUTHENTICATEE = /^crammd5-authenticatee\(\d+\)$/;

const DEFAULT_HEARTBEAT_MS = 30_000;

/** The effects that this server performs. */
export type AgentServerEffect = Extract<
  AgentEffect,
  {
    type:
      | 'reply'
      | 'openStream'
      | 'sendToExecutor'
      | 'closeStream'
      | 'sendToMaster'
      | 'link'
      | 'audit'
      | 'auditDisbelief';
  }
>;

export class AgentServer {
  readonly #options: AgentServerOptions;
  readonly #id: string;
  readonly port: ProcessPort<MessageToAgent>;
  #executorSocket: ExecutorSocket | undefined;

  private constructor(given: AgentServerOptions) {
    const { dispatch, clock, views } = given;
    const nowMs = () => clock.nowMs();
    const authentication = withRelayed(given.authentication, {
      knownBy: () => views.knownBy,
      nowMs,
    });
    const options = { ...given, authentication };
    this.#options = options;
    this.#id = options.id ?? 'slave(1)';
    this.port = new ProcessPort(options, {
      id: this.#id,
      realms: { readonly: 'mesos-agent-readonly', readwrite: 'mesos-agent-readwrite' },
      families: AGENT_FAMILIES,
      readiness: () => ({
        ready: views.registered,
        state: views.registered ? 'registered' : views.recovered ? 'unregistered' : 'recovering',
      }),
      figures: (now, set) => {
        reportFigures(views.metrics(now), set);
        return [];
      },
      sandboxes: (reader) => views.files(reader),
      isReceiver: (id) => id === this.#id || AUTHENTICATEE.test(id),
      isMessage: isToAgent,
      decode: decodeToAgent,
      onMessage: (from, message, to) =>
        dispatch({ type: 'masterMessage', nowMs: nowMs(), from, to, message }),
      onLinkLost: (address, why) => dispatch({ type: 'linkLost', nowMs: nowMs(), address, why }),
      clients: 'Executors',
    });
  }

  /** Starts to listen and to dispatch events. */
  static async start(options: AgentServerOptions): Promise<AgentServer> {
    const server = new AgentServer(options);
    await server.#listen();
    return server;
  }

  perform(effect: AgentServerEffect): void {
    const { requests, streams } = this.#options;
    switch (effect.type) {
      case 'reply':
      case 'openStream':
      case 'closeStream':
        performResponse(effect, requests, streams);
        return;
      case 'sendToExecutor':
        streams.get(effect.stream)?.send(effect.event);
        return;
      case 'sendToMaster':
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

  async #listen(): Promise<void> {
    const { dispatch, clock, requests, streams, views, authorizer, usage, others } = this.#options;
    const { userOf, containerStatusOf, heartbeatMs, auditor } = this.#options;
    const nowMs = () => clock.nowMs();
    const unavailable = (): HttpResponse | undefined =>
      views.recovered ? undefined : agentRecovering;
    const { turn, process } = this.port;
    const executor = new ExecutorApi({
      dispatch,
      nowMs,
      turn,
      requests,
      streams,
      containerStatusOf: containerStatusOf ?? (() => undefined),
    });
    const operator = new AgentOperatorApi({
      dispatch,
      nowMs,
      requests,
      views,
      authorizer,
      auditor,
      process,
      unavailable,
      usage,
      heartbeatMs: heartbeatMs ?? DEFAULT_HEARTBEAT_MS,
      others: others ?? (() => []),
      userOf: userOf ?? (() => undefined),
    });
    const endpoints = new AgentEndpoints({
      views,
      authorizer,
      auditor,
      operator,
      executor,
      unavailable,
      usage,
    });
    await this.port.listen({ prefix: `/${this.#id}`, endpoints: endpoints.endpoints() });
    const { executorSocket, authentication, logger, disabledPaths } = this.#options;
    if (executorSocket !== undefined) {
      const prefix = `/${this.#id}`;
      const handler = await createRouter({
        prefix,
        endpoints: [endpoints.executor()],
        authentication,
        firewall: new Firewall(prefix, disabledPaths ?? []),
        auditor,
        onError: (error, path) => logger.error(`Answering ${path} failed: ${error.stack ?? error}`),
      });
      this.#executorSocket = await ExecutorSocket.listen(executorSocket, handler);
    }
  }

  closeSocket(): void {
    this.#executorSocket?.close();
  }
}
