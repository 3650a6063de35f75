// What the processes of master and agent have in common: the log, the timers, the order in which
// they end, what their ports are told, a seeded source of chance, and the ways to be told to end.

import { randomInt } from 'node:crypto';
import { hostname } from 'node:os';
import type { Carriers } from '../../http/transport/carriers.ts';
import type { EarlyPort } from '../../http/transport/listener.ts';
import type { FigureSink } from '../../model/figures.ts';
import type { ClearTimer, Log, SetTimer } from '../../model/process-effects.ts';
import { Random } from '../../model/random.ts';
import { steadyClock } from '../../runtime/clock.ts';
import { ProcessLogger } from '../../runtime/logger.ts';
import { ProcessMetrics } from '../../runtime/process-metrics.ts';
import { Shutdown } from '../../runtime/shutdown.ts';
import { systemMetrics } from '../../runtime/system-metrics.ts';
import { Timers } from '../../runtime/timers.ts';
import { sayBefore } from '../failure.ts';
import type { ParsedFlags } from '../flags/parse.ts';
import { flagTexts } from '../flags/print.ts';
import { versionLine } from '../version.ts';
import type { AccessFiles } from './access-files.ts';
import type { TlsFlagValues } from './carriers.ts';
import { isLoopback } from './exposure.ts';
import { endWithParent } from './parent.ts';
import type { PublishedAddress } from './published-address.ts';
import { disabledPaths, type SHARED_FLAGS } from './shared-flags.ts';
import { writableFolder } from './writable-folder.ts';

/** What machines of both kinds ask of the process they run in. */
type ProcessEffect<Timer extends string> = SetTimer<Timer> | ClearTimer<Timer> | Log;

type Parsed = ParsedFlags<typeof SHARED_FLAGS>;

interface ServerPort {
  readonly address: PublishedAddress;
  readonly carriers: Carriers;
  /** Where /files shows the log. */
  readonly logPath: string;
  readonly early: EarlyPort | undefined;
}

export class ServerProcess<Timer extends string> {
  readonly logger: ProcessLogger;
  readonly shutdown: Shutdown;
  readonly timers: Timers<Timer>;
  readonly #metrics = new ProcessMetrics();
  readonly #name: string;
  readonly #parsed: Parsed;

  /** Opens the log. `onTimer` is told which timer is due, and when. Throws FlagError. */
  constructor(name: string, parsed: Parsed, onTimer: (timer: Timer, nowMs: number) => void) {
    const { quiet, logging_level: level, log_dir: directory, log_format: format } = parsed.values;
    this.#name = name;
    this.#parsed = parsed;
    this.logger = new ProcessLogger({
      name,
      level,
      quiet,
      format,
      directory: logFolder(directory),
      maxFileBytes: parsed.values.max_log_size,
      keptFiles: parsed.values.max_log_files,
    });
    sayBefore(() => this.logger.close());
    this.logger.info(`${versionLine}, process ${process.pid}`);
    for (const warning of parsed.warnings) {
      this.logger.warn(warning);
    }
    process.on('SIGHUP', () => {
      this.logger.reopen();
      this.logger.info('Received SIGHUP, the log was opened again');
    });
    this.shutdown = new Shutdown(this.logger);
    this.shutdown.add('log', () => this.logger.close());
    this.timers = new Timers((timer) => onTimer(timer, steadyClock.nowMs()));
  }

  perform(effect: ProcessEffect<Timer>): void {
    switch (effect.type) {
      case 'setTimer':
        this.timers.set(effect.timer, effect.delayMs);
        return;
      case 'clearTimer':
        this.timers.clear(effect.timer);
        return;
      case 'log':
        this.logger.write(effect.level, effect.text, effect.stranger);
        return;
      default:
        effect satisfies never;
    }
  }

  /** Ends the process. Why it cannot go on is said even where --quiet silences the log. */
  end(code: number, reason: string): void {
    this.logger.write(code === 0 ? 'info' : 'error', reason);
    if (code !== 0 && this.#parsed.values.quiet) {
      process.stderr.write(`mesoscale ${this.#name}: ${reason}\n`);
    }
    void this.shutdown.run(code);
  }

  /** The table's part of what this process carries out itself. */
  get performers() {
    const own = { perform: (effect: ProcessEffect<Timer>) => this.perform(effect) };
    return { setTimer: own, clearTimer: own, log: own };
  }

  /**
   * The port is open. `stop` is called where the process is asked to end: by a signal, or as the
   * program that started it has ended. A second signal does not wait for that.
   */
  serve(
    port: { readonly address: string; close(): Promise<void> },
    { hostname, ip }: PublishedAddress,
    stop: () => void,
  ): void {
    this.shutdown.add('timers', () => this.timers.close());
    this.shutdown.add('metrics', () => this.#metrics.close());
    this.shutdown.add('port', () => port.close());
    this.shutdown.onSignals(stop);
    endWithParent(stop);
    this.logger.info(
      `Listening on ${port.address}${tlsText(this.#parsed.values)}, published as ${hostname} (${ip})`,
    );
  }

  /** Has changed files of access read again, until what it gives is called. */
  watchAccess(files: AccessFiles): () => void {
    return files.watch({ log: (level, text) => this.logger.write(level, text) }).stop;
  }

  /** What the ports of both are told alike. */
  portOptions({ address, carriers, logPath, early }: ServerPort) {
    const { values } = this.#parsed;
    carriers.tell?.((...line) => this.logger.write(...line));
    const logFile = values.external_log_file ?? this.logger.file;
    return {
      host: address.listenIp,
      port: address.listenPort,
      early,
      carriers,
      advertise: `${address.ip}:${address.port}`,
      names: isLoopback(address.listenIp)
        ? [...new Set([address.hostname, hostname()])]
        : undefined,
      clock: steadyClock,
      logger: this.logger,
      log: this.logger,
      machine: systemMetrics,
      processFigures: (set: FigureSink) => this.#metrics.report(set),
      logFiles: new Map(logFile === undefined ? [] : [[logPath, logFile]]),
      disabledPaths: disabledPaths(values.firewall_rules),
      checksSenders: values.require_peer_address_ip_match,
    };
  }
}

/** Made where it is missing. Throws FlagError. */
export const logFolder = (path: string | undefined): string | undefined =>
  path === undefined ? undefined : writableFolder('log_dir', path, 0o700);

/** What a machine is told of its start, besides what flags say. */
export interface ServerStart {
  readonly address: PublishedAddress;
  /** /flags: every flag that has a value, as text, with the address that was chosen. */
  readonly flagTexts: Readonly<Record<string, string>>;
  readonly nowMs: number;
  /** A new sequence at every start. */
  readonly random: Random;
}

export const serverStart = <Table extends typeof SHARED_FLAGS>(
  { table, values, given }: ParsedFlags<Table>,
  address: PublishedAddress,
): ServerStart => ({
  address,
  flagTexts: {
    ...flagTexts(table, values, given),
    ip: address.listenIp,
    hostname: address.hostname,
  },
  nowMs: steadyClock.nowMs(),
  random: new Random(randomInt(2 ** 48 - 1)),
});

/** Whether connections are encrypted, for the log. */
function tlsText(values: Pick<TlsFlagValues, 'ssl_enabled' | 'ssl_support_downgrade'>): string {
  if (!values.ssl_enabled) {
    return '';
  }
  return values.ssl_support_downgrade ? ', with TLS and without' : ', with TLS';
}
