// The port of a process, master or agent: messages from other processes, what the process tells
// about itself, and further endpoints. Messages to other processes are sent from here, too.
import { type FigureSink, type Figures, reportFigures } from '../../model/figures.ts';
import type { VersionInfo } from '../../model/generated/messages.ts';
import type { Clock } from '../../runtime/clock.ts';
import { IoTurn } from '../../runtime/io-turn.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { Authorizer } from '../../security/authorizer.ts';
import type { Principal } from '../../security/principal.ts';
import { WireError } from '../../wire/protobuf.ts';
import type { FamilyTable } from '../metrics/family.ts';
import { RequestDurations } from '../metrics/request-durations.ts';
import { answerOwner, OWNER_PATH } from '../senders/connection-owner.ts';
import { Senders } from '../senders/senders.ts';
import type { Carriers } from '../transport/carriers.ts';
import type { CallReceiver, Pressure, ReceivedMessage } from '../transport/connection.ts';
import { type EarlyPort, Listener, type Upgrades } from '../transport/listener.ts';
import { Links } from '../transport/peer-connections.ts';
import type { Auditor } from './auditor.ts';
import type { Authentication, Realm, SessionReader } from './authentication.ts';
import { type AttachedFiles, guardedFiles, joinedFiles } from './files.ts';
import { Firewall, idleRules } from './firewall.ts';
import { Mentioned } from './mentioned.ts';
import { messageName } from './message-names.ts';
import { ProcessEndpoints, type Readiness, type Verbosity } from './process-endpoints.ts';
import type { HttpResponse } from './response.ts';
import { createRouter, type Endpoint } from './router.ts';
import { strayBrowser } from './stray-browsers.ts';
import { Underway } from './underway.ts';

/** What the command that starts a process says about its port. */
export interface PortOptions {
  readonly host: string;
  readonly port: number;
  /** The same port, if it was opened early. */
  readonly early?: EarlyPort | undefined;
  readonly carriers: Carriers;
  /** When to read less, as EventLoop tells. */
  readonly pressure: Pressure;
  readonly authorizer: Authorizer;
  readonly authentication: Authentication;
  /** The values of flags by name, as /flags shows them. */
  readonly flags: Readonly<Record<string, string>>;
  readonly version: VersionInfo;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The verbosity of the log, which operators can raise for a while. */
  readonly log: Verbosity;
  /** Figures in addition to those of the state machine, by the names of /metrics/snapshot. */
  readonly metrics?: (() => Figures) | undefined;
  /** Those of the machine. */
  readonly machine?: (() => Readonly<Record<string, number>>) | undefined;
  /** Figures that are at /metrics only. */
  readonly processFigures?: ((set: FigureSink) => void) | undefined;
  /** Keeps the audit log; absent: there is none. */
  readonly auditor?: Auditor | undefined;
  /** The virtual paths of logs, and their paths on disk. */
  readonly logFiles?: AttachedFiles | undefined;
  /** Paths that --firewall_rules closes. */
  readonly disabledPaths?: readonly string[] | undefined;
  /** The `ip:port` under which other processes reach this one; by default the listening address. */
  readonly advertise?: string | undefined;
  /** The names of a port that only this machine reaches; undefined for others. */
  readonly names?: readonly string[] | undefined;
  /** Whether senders of messages are checked; by default they are believed. */
  readonly checksSenders?: boolean | undefined;
  /** Whether anything may be sent; where not, the process is about to end. By default it may. */
  readonly mayLeave?: (() => boolean) | undefined;
}

/** Who reads, and what decides about it. */
interface Reader {
  readonly principal: Principal | undefined;
  readonly authorizer: Authorizer;
}

/** The process behind the port. `Message` is the type of messages that it receives. */
export interface PortProcess<Message> {
  readonly id: string;
  readonly realms: { readonly readonly: Realm; readonly readwrite: Realm };
  /** By the names of /metrics/snapshot; others may come between two steps. */
  readonly figures: (nowMs: number, set: FigureSink) => Iterable<undefined>;
  readonly families: FamilyTable;
  readonly readiness: () => Readiness;
  /** The files to show besides the logs. */
  readonly sandboxes: (viewer: Reader) => AttachedFiles;
  /** Whether messages to this id are for the process. */
  readonly isReceiver: (id: string) => boolean;
  /** Whether the process receives messages of this name. */
  readonly isMessage: (name: string) => boolean;
  /** Undefined for a message that the process does not know. Throws WireError. */
  readonly decode: (name: string, body: Uint8Array) => Message | undefined;
  /** `to` is the id of the process that the message is for. */
  readonly onMessage: (from: string, message: Message, to: string) => void;
  /** Called when a linked connection has broken or could not be opened. */
  readonly onLinkLost: (address: string, why: string | undefined) => void;
  /**
   * The clients that could expect this process to serve drivers of libmesos, which it does not, for
   * a log line: `frameworks`.
   */
  readonly clients: string;
}

/** What answers at the port besides the process's own endpoints. */
export interface PortServices {
  /** The prefix that paths of endpoints may have. */
  readonly prefix: string;
  readonly endpoints: readonly Endpoint[];
  readonly namedPrincipalsOnly?: boolean;
  readonly sessions?: SessionReader;
  /** Connections to an endpoint that go on as something else. */
  readonly upgrades?: { readonly path: string; readonly to: Upgrades };
  /** Receives the calls to one endpoint without node:http. */
  readonly calls?: { readonly path: string; readonly receiver: CallReceiver };
  /** When to read less, where more than the queue of the state machine decides. */
  readonly pressure?: Pressure;
}

/** The most characters of a stranger's text in the log. */
const MAX_SHOWN = 100;

export class ProcessPort<Message> {
  readonly turn: IoTurn;
  readonly links: Links;
  readonly process: ProcessEndpoints;
  readonly #options: PortOptions;
  readonly #owner: PortProcess<Message>;
  readonly #mentioned = new Mentioned();
  readonly #underway = new Underway();
  /** How long answers take, which calls that do not come by the router tell, too. */
  readonly durations = new RequestDurations();
  #listener: Listener | undefined;
  #address = '';

  constructor(options: PortOptions, owner: PortProcess<Message>) {
    this.#options = options;
    this.#owner = owner;
    this.turn = new IoTurn(options.mayLeave);
    this.links = new Links({
      turn: this.turn,
      onLost: owner.onLinkLost,
      dialer: options.carriers.dialer,
    });
    const { version, flags, authorizer, logger, log } = options;
    this.process = new ProcessEndpoints(
      {
        id: owner.id,
        version,
        flags,
        authorizer,
        logger,
        log,
        families: owner.families,
        readiness: owner.readiness,
        figures: (set) => this.#figures(set),
        processFigures: (set) => {
          options.processFigures?.(set);
          this.durations.report(set);
        },
        machine: () => options.machine?.() ?? {},
        auditor: options.auditor,
        files: (principal, authorizer) => {
          const reader = { principal, authorizer };
          return joinedFiles(this.#logFiles(reader), owner.sandboxes(reader));
        },
      },
      owner.realms,
    );
  }

  *#figures(set: FigureSink): Generator<undefined> {
    const { clock, carriers, metrics, machine } = this.#options;
    yield* this.#owner.figures(clock.nowMs(), set);
    for (const figures of [machine?.(), carriers.metrics?.(), metrics?.()]) {
      reportFigures(figures ?? {}, set);
    }
  }

  #logFiles({ principal, authorizer }: Reader): AttachedFiles {
    const { logFiles = new Map() } = this.#options;
    return guardedFiles(logFiles, () => authorizer.authorize(principal, 'ACCESS_MESOS_LOG'));
  }

  async listen(services: PortServices): Promise<void> {
    const { host, port, early, carriers, pressure, authentication, logger } = this.#options;
    const { prefix, calls, upgrades } = services;
    const rules = this.#options.disabledPaths ?? [];
    const firewall = new Firewall(prefix, rules);
    const endpoints = this.process.endpoints([
      ...services.endpoints,
      {
        path: OWNER_PATH,
        delegate: false,
        exact: true,
        handle: ({ query }) => answerOwner(query, (key, to) => this.links.opened(key, to)),
      },
    ]);
    for (const rule of idleRules(prefix, rules, endpoints)) {
      const short = rule.startsWith(`${prefix}/`) ? rule.slice(prefix.length) : rule;
      const why = rule.includes(OWNER_PATH)
        ? 'other processes need it'
        : idleRules(prefix, [short], endpoints).length === 0
          ? `it is '${short}' that closes this endpoint`
          : 'there is no such endpoint';
      logger.warn(`--firewall_rules: '${rule}' closes nothing, ${why}`);
    }
    const handler = await createRouter({
      prefix,
      endpoints,
      authentication,
      firewall,
      namedPrincipalsOnly: services.namedPrincipalsOnly,
      sessions: services.sessions,
      auditor: this.#options.auditor,
      underway: this.#underway,
      durations: this.durations,
      onError: (error, path) => logger.error(`Answering ${path} failed: ${error.stack ?? error}`),
    });
    this.#listener = await Listener.listen({
      host,
      port,
      early,
      secure: carriers.secure,
      maySecureLate: carriers.maySecureLate,
      onStrayTls: (ip) => this.#strayTls(ip),
      turn: this.turn,
      pressure: services.pressure ?? pressure,
      receive: (to, name, message) => this.#receive(to, name, message),
      senders: new Senders({
        auditor: this.#options.auditor,
        isChecked: this.#options.checksSenders ?? false,
        ownAddress: () => this.#options.advertise ?? this.#address,
        isLinked: (address) => this.links.isLinked(address),
        dialer: carriers.dialer,
        logger,
      }),
      calls:
        calls === undefined || firewall.closes({ path: calls.path, delegate: true })
          ? undefined
          : calls.receiver,
      handler,
      stray: (request) => strayBrowser(request, this.#options),
      upgrades:
        upgrades === undefined || firewall.closes({ path: upgrades.path, delegate: true })
          ? undefined
          : upgrades.to,
    });
    const { address } = this.#listener;
    this.#address = `${address.host}:${address.port}`;
  }

  /** The `host:port` on which the process listens; empty before it does. */
  get address(): string {
    return this.#address;
  }

  /** The port number; 0 before the process listens. */
  get number(): number {
    return this.#listener?.address.port ?? 0;
  }

  /** How many connections are open. */
  get connections(): number {
    return this.#listener?.connections ?? 0;
  }

  /** The pid of a process at this port: `id@ip:port`. */
  pid(id = this.#owner.id): string {
    return `${id}@${this.#options.advertise ?? this.#address}`;
  }

  /** Accepts no more connections, and answers so what is not answered yet. */
  retire(answer: HttpResponse): void {
    this.#listener?.retire(answer);
    this.#underway.refuse(answer);
  }

  async close(): Promise<void> {
    this.process.close();
    await this.links.close();
    await this.#listener?.close();
  }

  #strayTls(ip: string): void {
    if (this.#mentioned.isNew(`TLS ${ip}`)) {
      this.#options.logger.warn(
        `${ip} speaks TLS to this port, which does not without --ssl_enabled (said once)`,
        { topic: 'TLS', origin: ip },
      );
    }
  }

  /**
   * Logs a message of unknown name once for each sender: some repeat it every second and wait for
   * an answer.
   */
  #unknown(from: string, wireName: string): void {
    const { logger } = this.#options;
    const text = `Dropping ${wireName.slice(0, MAX_SHOWN)} of ${from.slice(0, MAX_SHOWN)}`;
    if (this.#mentioned.isNew(from.slice(0, MAX_SHOWN))) {
      logger.warn(
        `${text}, and all else that it sends and that is not served here. ${this.#owner.clients} must use ` +
          'the v1 HTTP API, not the driver of libmesos (said once)',
        { topic: 'messages', origin: from },
      );
    } else {
      logger.debug(text);
    }
  }

  /** False where no process at this port has the id. */
  #receive(to: string, wireName: string, { sender, claim, body }: ReceivedMessage): boolean {
    const { from } = claim;
    if (!this.#owner.isReceiver(to)) {
      return false;
    }
    if (this.#owner.isMessage(messageName(wireName))) {
      // The message waits as bytes: decoded it could take many times as much memory.
      const name = messageName(wireName);
      sender.admit(claim, { name, body }, (bytes) => this.#deliver({ from, to }, wireName, bytes));
    } else {
      this.#unknown(from, wireName);
    }
    return true;
  }

  #deliver(
    { from, to }: { readonly from: string; readonly to: string },
    wireName: string,
    body: Uint8Array,
  ): void {
    let message: Message | undefined;
    try {
      message = this.#owner.decode(messageName(wireName), body);
    } catch (error) {
      if (!(error instanceof WireError)) {
        throw error;
      }
      this.#options.logger.warn(`Dropping ${wireName} of ${from}: ${error.message}`, {
        topic: 'messages',
        origin: from,
      });
    }
    if (message) {
      this.#owner.onMessage(from, message, to);
    }
  }
}
