// An agent's port: the executor API, the operator API, sandboxes, and messages of the master.
// Executors inside the agent's process take part through `exchanges` and `streams`, by the same
// ids as those that come over HTTP.
import type { AgentEffect } from '../agent/effects.ts';
import type { AgentEvent } from '../agent/events.ts';
import type { AgentViews } from '../agent/views.ts';
import type { ExecutorEvent, VersionInfo } from '../model/generated/messages.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Logger } from '../runtime/logger.ts';
import { Turn } from '../runtime/turn.ts';
import type { Authorizer } from '../security/authorizer.ts';
import { decodeToAgent } from '../wire/libprocess.ts';
import { WireError } from '../wire/protobuf.ts';
import { AgentEndpoints } from './agent-endpoints.ts';
import { AgentOperatorApi } from './agent-operator-api.ts';
import type { Authentication } from './authentication.ts';
import type { Pressure } from './connection.ts';
import type { ContainerUsage } from './containers.ts';
import { type Answer, agentRecovering } from './errors.ts';
import { Exchanges, StreamRegistry } from './exchanges.ts';
import { ExecutorApi } from './executor-api.ts';
import { type AttachedFiles, joinedFiles } from './files.ts';
import { type EarlyPort, Front } from './front.ts';
import { Links } from './links.ts';
import { messageName } from './messages.ts';
import { replyAnswer } from './plain-answer.ts';
import { ProcessEndpoints, type Verbosity } from './process-endpoints.ts';
import { createRouter } from './router.ts';

export interface AgentServerOptions {
  readonly host: string;
  readonly port: number;
  /** The same port, opened before. */
  readonly early?: EarlyPort | undefined;
  /** Takes what happens, as EventLoop.dispatch. */
  readonly dispatch: (event: AgentEvent) => void;
  /** When to read less, as EventLoop tells. */
  readonly pressure: Pressure;
  readonly views: AgentViews;
  readonly authorizer: Authorizer;
  readonly authentication: Authentication;
  readonly flags: Readonly<Record<string, string>>;
  readonly version: VersionInfo;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly log: Verbosity;
  /** The process id, by which masters address the agent. */
  readonly id?: string | undefined;
  readonly metrics?: (() => Record<string, number>) | undefined;
  /** Files to show besides the sandboxes, such as the log's. */
  readonly files?: AttachedFiles | undefined;
  /** What a container has used so far, as the containerizer measures it. */
  readonly usage?: ContainerUsage | undefined;
  readonly disabledPaths?: readonly string[] | undefined;
  /** `ip:port` under which masters reach this agent; the listening address where absent. */
  readonly advertise?: string | undefined;
}

type ServerEffect = Extract<
  AgentEffect,
  { type: 'reply' | 'openStream' | 'sendToExecutor' | 'closeStream' | 'sendToMaster' | 'link' }
>;

const NO_FILES: AttachedFiles = new Map();

export class AgentServer {
  /** Requests of executors and operators that wait for the machine. */
  readonly exchanges = new Exchanges<ExecutorEvent>('e');
  /** The executors' event streams. */
  readonly streams = new StreamRegistry<ExecutorEvent>();
  readonly #options: AgentServerOptions;
  readonly #id: string;
  readonly #turn = new Turn();
  readonly #links: Links;
  readonly #process: ProcessEndpoints;
  #front: Front | undefined;
  #address = '';

  private constructor(options: AgentServerOptions) {
    this.#options = options;
    this.#id = options.id ?? 'slave(1)';
    this.#links = new Links({
      turn: this.#turn,
      onLost: (address) =>
        options.dispatch({ type: 'linkLost', nowMs: options.clock.nowMs(), address }),
    });
    const { version, flags, authorizer, logger, log, views } = options;
    this.#process = new ProcessEndpoints(
      {
        id: this.#id,
        version,
        flags,
        authorizer,
        logger,
        log,
        metrics: () => ({ ...views.metrics(options.clock.nowMs()), ...options.metrics?.() }),
        files: (principal) =>
          joinedFiles(options.files ?? NO_FILES, views.files({ principal, authorizer })),
      },
      { readonly: 'mesos-agent-readonly', readwrite: 'mesos-agent-readwrite' },
    );
  }

  /** Listens; from then on events are dispatched. */
  static async start(options: AgentServerOptions): Promise<AgentServer> {
    const server = new AgentServer(options);
    await server.#listen();
    return server;
  }

  /** `host:port` that is listened at. */
  get address(): string {
    return this.#address;
  }

  get port(): number {
    return this.#front?.address.port ?? 0;
  }

  /** By which masters know the agent. */
  get pid(): string {
    return `${this.#id}@${this.#options.advertise ?? this.#address}`;
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
        this.#links.send(this.pid, effect.to, effect.message);
        return true;
      case 'link':
        this.#links.link(effect.address);
        return true;
      default:
        return false;
    }
  }

  async close(): Promise<void> {
    this.#process.close();
    await this.#links.close();
    await this.#front?.close();
  }

  async #listen(): Promise<void> {
    const { host, port, dispatch, clock, views, authorizer, authentication, usage } = this.#options;
    const nowMs = () => clock.nowMs();
    const unavailable = (): Answer | undefined => (views.recovered ? undefined : agentRecovering);
    const { exchanges, streams } = this;
    const turn = this.#turn;
    const executor = new ExecutorApi({ dispatch, nowMs, turn, exchanges, streams });
    const operator = new AgentOperatorApi({
      dispatch,
      nowMs,
      exchanges,
      views,
      authorizer,
      process: this.#process,
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
    const handler = await createRouter({
      prefix: `/${this.#id}`,
      endpoints: [...this.#process.endpoints(), ...endpoints.endpoints()],
      authentication,
      disabledPaths: this.#options.disabledPaths,
      onError: (error, path) =>
        this.#options.logger.error(`Answering ${path} failed: ${error.stack ?? error}`),
    });
    this.#front = await Front.listen({
      host,
      port,
      early: this.#options.early,
      turn,
      pressure: this.#options.pressure,
      receive: (to, name, from, body) => this.#receive(to, name, from, body),
      handler,
    });
    const { address } = this.#front;
    this.#address = `${address.host}:${address.port}`;
  }

  #receive(to: string, wireName: string, from: string, body: Uint8Array): boolean {
    if (to !== this.#id) {
      return false;
    }
    const { dispatch, clock, logger } = this.#options;
    try {
      const message = decodeToAgent(messageName(wireName), body);
      if (message) {
        dispatch({ type: 'masterMessage', nowMs: clock.nowMs(), from, message });
      } else {
        logger.debug(`Dropping a message of ${from} that is not known here: ${wireName}`);
      }
    } catch (error) {
      if (!(error instanceof WireError)) {
        throw error;
      }
      logger.warn(`Dropping ${wireName} of ${from}: ${error.message}`);
    }
    return true;
  }
}
