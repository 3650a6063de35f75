// An agent's port: the executor API, the operator API, sandboxes, and messages of the master.
// Executors inside the agent's process take part through `exchanges` and `streams`, by the same
// ids as those that come over HTTP.
import type { AgentEffect } from '../../agent/effects.ts';
import type { AgentEvent } from '../../agent/events.ts';
import type { AgentViews } from '../../agent/views.ts';
import type { MessageToAgent } from '../../model/agent-messages.ts';
import type { ExecutorEvent } from '../../model/generated/messages.ts';
import { decodeToAgent, isToAgent } from '../../wire/libprocess.ts';
import { type Answer, agentRecovering } from '../server/errors.ts';
import { Exchanges, StreamRegistry } from '../server/pending-requests.ts';
import { type PortOptions, ProcessPort } from '../server/process-port.ts';
import { replyAnswer } from '../server/response-text.ts';
import type { ContainerUsage } from './containers.ts';
import { AgentEndpoints } from './endpoints.ts';
import { ExecutorApi } from './executor-api.ts';
import { AgentOperatorApi } from './operator-api.ts';

export interface AgentServerOptions extends PortOptions {
  /** Takes what happens, as EventLoop.dispatch. */
  readonly dispatch: (event: AgentEvent) => void;
  readonly views: AgentViews;
  /** The process id, by which masters address the agent. */
  readonly id?: string | undefined;
  /** What a container has used so far, as the containerizer measures it. */
  readonly usage?: ContainerUsage | undefined;
}

type ServerEffect = Extract<
  AgentEffect,
  { type: 'reply' | 'openStream' | 'sendToExecutor' | 'closeStream' | 'sendToMaster' | 'link' }
>;

export class AgentServer {
  /** Requests of executors and operators that wait for the machine. */
  readonly exchanges = new Exchanges<ExecutorEvent>('e');
  /** The executors' event streams. */
  readonly streams: StreamRegistry<ExecutorEvent>;
  readonly #options: AgentServerOptions;
  readonly #id: string;
  readonly #port: ProcessPort<MessageToAgent>;

  private constructor(options: AgentServerOptions) {
    const { dispatch, clock, views, authorizer } = options;
    const nowMs = () => clock.nowMs();
    this.#options = options;
    this.#id = options.id ?? 'slave(1)';
    this.streams = new StreamRegistry((stream) =>
      dispatch({ type: 'streamClosed', nowMs: nowMs(), stream }),
    );
    this.#port = new ProcessPort(options, {
      id: this.#id,
      realms: { readonly: 'mesos-agent-readonly', readwrite: 'mesos-agent-readwrite' },
      metrics: (now) => views.metrics(now),
      sandboxes: (principal) => views.files({ principal, authorizer }),
      isReceiver: (id) => id === this.#id,
      isMessage: isToAgent,
      decode: decodeToAgent,
      onMessage: (from, message) =>
        dispatch({ type: 'masterMessage', nowMs: nowMs(), from, message }),
      onLinkLost: (address, why) => dispatch({ type: 'linkLost', nowMs: nowMs(), address, why }),
      clients: 'Executors',
    });
  }

  /** Listens; from then on events are dispatched. */
  static async start(options: AgentServerOptions): Promise<AgentServer> {
    const server = new AgentServer(options);
    await server.#listen();
    return server;
  }

  /** `host:port` that is listened at. */
  get address(): string {
    return this.#port.address;
  }

  get port(): number {
    return this.#port.number;
  }

  /** By which masters know the agent. */
  get pid(): string {
    return this.#port.pid();
  }

  /** Carries out an effect; false: it is not one of this server's. */
  perform(effect: AgentEffect): effect is ServerEffect {
    switch (effect.type) {
      case 'reply':
        this.exchanges.take(effect.request)?.answer(replyAnswer(effect.status, effect.text));
        return true;
      case 'openStream':
        this.streams.open(this.exchanges, effect.request, effect.stream);
        return true;
      case 'sendToExecutor':
        this.streams.send(effect.stream, effect.event);
        return true;
      case 'closeStream':
        this.streams.close(effect.stream);
        return true;
      case 'sendToMaster':
        this.#port.links.send(this.pid, effect.to, effect.message);
        return true;
      case 'link':
        this.#port.links.link(effect.address);
        return true;
      default:
        effect satisfies Exclude<AgentEffect, ServerEffect>;
        return false;
    }
  }

  close(): Promise<void> {
    return this.#port.close();
  }

  #listen(): Promise<void> {
    const { dispatch, clock, views, authorizer, usage } = this.#options;
    const nowMs = () => clock.nowMs();
    const unavailable = (): Answer | undefined => (views.recovered ? undefined : agentRecovering);
    const { exchanges, streams } = this;
    const { turn, process } = this.#port;
    const executor = new ExecutorApi({ dispatch, nowMs, turn, exchanges, streams });
    const operator = new AgentOperatorApi({
      dispatch,
      nowMs,
      exchanges,
      views,
      authorizer,
      process,
      unavailable,
      usage,
    });
    const endpoints = new AgentEndpoints({
      views,
      authorizer,
      operator,
      executor,
      unavailable,
      usage,
    });
    return this.#port.listen({ prefix: `/${this.#id}`, endpoints: endpoints.endpoints() });
  }
}
