// A master's port: everything that comes in becomes an event, a view or an answer; effects that
// go out over HTTP or to agents are carried out here.
import type { MasterEffect } from '../master/effects.ts';
import type { MasterEvent } from '../master/events.ts';
import type { MasterViews } from '../master/views.ts';
import type {
  MasterEvent as OperatorEvent,
  SchedulerEvent,
  VersionInfo,
} from '../model/generated/messages.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Logger } from '../runtime/logger.ts';
import { Turn } from '../runtime/turn.ts';
import type { Authorizer } from '../security/authorizer.ts';
import { decodeToMaster } from '../wire/libprocess.ts';
import { WireError } from '../wire/protobuf.ts';
import { type Authentication, authenticate } from './authentication.ts';
import type { Pressure } from './connection.ts';
import { type Answer, masterRecovering, noLeader, redirectTo } from './errors.ts';
import { Exchanges, StreamRegistry } from './exchanges.ts';
import type { AttachedFiles } from './files.ts';
import { type EarlyPort, Front } from './front.ts';
import { Links } from './links.ts';
import { type Leader, MasterEndpoints } from './master-endpoints.ts';
import { MasterOperatorApi } from './master-operator-api.ts';
import { messageName } from './messages.ts';
import { replyAnswer } from './plain-answer.ts';
import { ProcessEndpoints, type Verbosity } from './process-endpoints.ts';
import { createRouter } from './router.ts';
import { SchedulerApi } from './scheduler-api.ts';

export type { Leader } from './master-endpoints.ts';

export interface MasterServerOptions {
  readonly host: string;
  readonly port: number;
  /** The same port, opened before. */
  readonly early?: EarlyPort | undefined;
  /** Takes what happens, as EventLoop.dispatch. */
  readonly dispatch: (event: MasterEvent) => void;
  /** Takes what begins new work, as EventLoop.dispatchNewWork. */
  readonly dispatchNewWork: (make: () => MasterEvent) => void;
  /** When to read less, as EventLoop tells. */
  readonly pressure: Pressure;
  readonly views: MasterViews;
  readonly authorizer: Authorizer;
  readonly authentication: Authentication;
  /** Flag values by name, as /flags shows them. */
  readonly flags: Readonly<Record<string, string>>;
  readonly version: VersionInfo;
  readonly leader: () => Leader;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The log's verbosity, which operators can change for a while. */
  readonly log: Verbosity;
  /** Added to the machine's own metrics. */
  readonly metrics?: (() => Record<string, number>) | undefined;
  /** Virtual path → path on disk of files to show, such as the log's. */
  readonly files?: AttachedFiles | undefined;
  /** Paths disabled by --firewall_rules. */
  readonly disabledPaths?: readonly string[] | undefined;
  /** `ip:port` under which agents reach this master; the listening address where absent. */
  readonly advertise?: string | undefined;
}

/** The effects that this server carries out. */
type ServerEffect = Extract<
  MasterEffect,
  {
    type:
      | 'reply'
      | 'openStream'
      | 'sendToScheduler'
      | 'sendToOperator'
      | 'closeStream'
      | 'sendToAgent'
      | 'link';
  }
>;

/** Processes of a master: itself, and one observer for each agent. */
const RECEIVERS = /^(?:master|slave-observer\(\d+\))$/;

const NO_FILES: AttachedFiles = new Map();

export class MasterServer {
  readonly #options: MasterServerOptions;
  readonly #schedulerExchanges: Exchanges<SchedulerEvent>;
  readonly #operatorExchanges: Exchanges<OperatorEvent>;
  readonly #schedulers = new StreamRegistry<SchedulerEvent>();
  readonly #operators = new StreamRegistry<OperatorEvent>();
  readonly #links: Links;
  readonly #process: ProcessEndpoints;
  readonly #turn = new Turn();
  #front: Front | undefined;
  #address = '';

  private constructor(options: MasterServerOptions) {
    this.#options = options;
    this.#schedulerExchanges = new Exchanges('s');
    this.#operatorExchanges = new Exchanges('o');
    this.#links = new Links({
      turn: this.#turn,
      onLost: (address) =>
        options.dispatch({ type: 'linkLost', nowMs: options.clock.nowMs(), address }),
    });
    const { version, flags, authorizer, logger, log } = options;
    this.#process = new ProcessEndpoints(
      {
        id: 'master',
        version,
        flags,
        authorizer,
        logger,
        log,
        metrics: () => ({
          ...options.views.metrics(options.clock.nowMs()),
          ...options.metrics?.(),
        }),
        files: () => options.files ?? NO_FILES,
      },
      { readonly: 'mesos-master-readonly', readwrite: 'mesos-master-readwrite' },
    );
  }

  /** Listens; from then on events are dispatched. */
  static async start(options: MasterServerOptions): Promise<MasterServer> {
    const server = new MasterServer(options);
    await server.#listen();
    return server;
  }

  /** `host:port` that is listened at. */
  get address(): string {
    return this.#address;
  }

  /** The port listened at. */
  get port(): number {
    return this.#front?.address.port ?? 0;
  }

  /** Streams, links and connections that are open: for metrics. */
  get open(): { schedulers: number; operators: number; links: number; connections: number } {
    return {
      schedulers: this.#schedulers.size,
      operators: this.#operators.size,
      links: this.#links.size,
      connections: this.#front?.connections ?? 0,
    };
  }

  /** Carries out an effect; false: it is not one of this server's. */
  perform(effect: MasterEffect): effect is ServerEffect {
    switch (effect.type) {
      case 'reply': {
        const exchange =
          this.#schedulerExchanges.take(effect.request) ??
          this.#operatorExchanges.take(effect.request);
        exchange?.answer(replyAnswer(effect.status, effect.text));
        return true;
      }
      case 'openStream':
        if (!this.#schedulers.open(this.#schedulerExchanges, effect.request, effect.stream)) {
          this.#operators.open(this.#operatorExchanges, effect.request, effect.stream);
        }
        return true;
      case 'sendToScheduler':
        this.#schedulers.send(effect.stream, effect.event);
        return true;
      case 'sendToOperator':
        this.#operators.send(effect.stream, effect.event);
        return true;
      case 'closeStream':
        this.#schedulers.close(effect.stream);
        this.#operators.close(effect.stream);
        return true;
      case 'sendToAgent':
        this.#links.send(
          `${effect.from ?? 'master'}@${this.#options.advertise ?? this.#address}`,
          effect.to,
          effect.message,
        );
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
    const { host, port, dispatch, dispatchNewWork, clock, views, authorizer, authentication } =
      this.#options;
    const nowMs = () => clock.nowMs();
    const unavailable = (url: string) => this.#unavailable(url);
    const turn = this.#turn;
    const scheduler = new SchedulerApi({
      dispatch,
      dispatchNewWork,
      nowMs,
      turn,
      exchanges: this.#schedulerExchanges,
      streams: this.#schedulers,
      unavailable,
      identify: (authorization) => {
        const result = authenticate(authentication, 'mesos-master-scheduler', authorization);
        return 'challenge' in result || (result.principal && !result.principal.value)
          ? undefined
          : result;
      },
    });
    const operator = new MasterOperatorApi({
      dispatch,
      nowMs,
      turn,
      exchanges: this.#operatorExchanges,
      streams: this.#operators,
      views,
      authorizer,
      process: this.#process,
      unavailable,
    });
    const endpoints = new MasterEndpoints({
      views,
      authorizer,
      operator,
      scheduler,
      turn,
      leader: this.#options.leader,
      noLeader,
      unavailable,
    });
    const handler = await createRouter({
      prefix: '/master',
      endpoints: [...this.#process.endpoints(), ...endpoints.endpoints()],
      authentication,
      disabledPaths: this.#options.disabledPaths,
      namedPrincipalsOnly: true,
      onError: (error, path) =>
        this.#options.logger.error(`Answering ${path} failed: ${error.stack ?? error}`),
    });
    this.#front = await Front.listen({
      host,
      port,
      early: this.#options.early,
      turn,
      pressure: bothPressures(this.#options.pressure, this.#links),
      receive: (to, name, from, body) => this.#receive(to, name, from, body),
      calls: scheduler,
      handler,
    });
    const { address } = this.#front;
    this.#address = `${address.host}:${address.port}`;
  }

  #receive(to: string, wireName: string, from: string, body: Uint8Array): boolean {
    if (!RECEIVERS.test(to)) {
      return false;
    }
    const { dispatch, clock, logger } = this.#options;
    try {
      const message = decodeToMaster(messageName(wireName), body);
      if (message) {
        dispatch({ type: 'agentMessage', nowMs: clock.nowMs(), from, message });
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

  /** Only the leader answers, and only when it has read its registry. */
  #unavailable(url: string): Answer | undefined {
    const leader = this.#options.leader();
    switch (leader.kind) {
      case 'none':
        return noLeader;
      case 'other':
        return redirectTo(
          `//${leader.address}${url.startsWith('/master/') ? '' : '/master'}${url}`,
        );
      case 'self':
        return this.#options.views.recovered ? undefined : masterRecovering;
    }
  }
}

/** The machine's pressure, and that of peers who take less than is sent to them. */
function bothPressures(machine: Pressure, links: Links): Pressure {
  return {
    get saturated() {
      return machine.saturated || links.saturated;
    },
    whenDrained(resume) {
      if (links.saturated) {
        // Peers drain by the system's pace; there is nothing here that tells when.
        setTimeout(resume, LINKS_LOOK_MS);
      } else {
        machine.whenDrained(resume);
      }
    },
  };
}

const LINKS_LOOK_MS = 5;
