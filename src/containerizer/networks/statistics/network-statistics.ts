// What containers do on networks of their own, as ResourceStatistics have it.
import { errorText } from '../../../model/error-text.ts';
import type { ResourceStatistics } from '../../../model/generated/messages.ts';
import type { ContainerId } from '../../../model/ids.ts';
import { Rounds } from '../../rounds.ts';
import { Turns } from '../../turns.ts';
import { type FigureName, FiguresProgram, type FigureTexts, MACHINE } from './figures-program.ts';
import {
  type LinkFigures,
  linkFigures,
  linkStatistics,
  otherEnd,
  sumOfLinks,
} from './link-figures.ts';
import { snmpStatistics, socketStatistics, timeStatistics } from './protocol-figures.ts';
import { queueFigures, queueStatistics } from './queue-figures.ts';
import { type RateOptions, Rates } from './rates.ts';

/** What is told beside the figures of links. */
export interface NetworkStatisticsOptions {
  /** What protocols have counted. */
  readonly hasSnmp: boolean;
  /** How many TCP connections there are. */
  readonly hasSockets: boolean;
  /** How long packets of theirs are on the way. */
  readonly hasTimes: boolean;
  readonly rates?: RateOptions | undefined;
}

export const NO_NETWORK_STATISTICS: NetworkStatisticsOptions = {
  hasSnmp: false,
  hasSockets: false,
  hasTimes: false,
};

/** What is counted in a network namespace. */
export interface MeasuredLinks {
  /** The names that links have there: each link is counted. */
  readonly links: readonly string[];
  /**
   * The machine's end of the only link. As in Mesos, it is counted there, where nobody in the
   * container can change it, and rates may be limited at both ends.
   */
  readonly machineLink?: string | undefined;
}

/** A network namespace of a container's own. */
export interface MeasuredNetwork extends MeasuredLinks {
  readonly id: ContainerId;
  /** The path of its file. */
  readonly namespace: string;
}

interface NetworkStatisticsParts {
  /** The path of the supervisor's program. */
  readonly program: string;
  readonly options: NetworkStatisticsOptions;
  /** All that there are now. */
  readonly networks: () => Iterable<MeasuredNetwork>;
  readonly warn: (text: string) => void;
}

interface Machine {
  readonly links: ReadonlyMap<string, LinkFigures>;
  readonly queues: ReturnType<typeof queueFigures>;
}

export class NetworkStatistics {
  readonly #options: NetworkStatisticsOptions;
  readonly #networks: () => Iterable<MeasuredNetwork>;
  readonly #warn: (text: string) => void;
  readonly #program: FiguresProgram;
  readonly #rates = new Map<ContainerId, Rates>();
  readonly #sampling: Rounds | undefined;
  readonly #turns = new Turns();
  /** What all that are measured at once share. */
  #machine: Promise<Machine> | undefined;
  /** What was warned of last, so that the log says it once. */
  #told = '';
  #isClosed = false;

  constructor({ program, options, networks, warn }: NetworkStatisticsParts) {
    this.#options = options;
    this.#networks = networks;
    this.#warn = warn;
    this.#program = new FiguresProgram(program);
    const { rates } = options;
    this.#sampling =
      rates && new Rounds({ intervalMs: rates.intervalMs, look: () => this.#sample(rates) });
    this.#sampling?.start();
  }

  /** What cannot be told is left out. */
  async of(network: MeasuredNetwork): Promise<Partial<ResourceStatistics>> {
    const { hasSnmp, hasSockets, hasTimes } = this.#options;
    const isMapped = network.machineLink !== undefined;
    const wanted: readonly (FigureName | false)[] = [
      isMapped ? 'queues' : 'links',
      hasSnmp && 'snmp',
      hasSockets && 'sockets',
      hasTimes && 'times',
    ];
    const names = wanted.filter((it) => it !== false);
    try {
      const [inside, machine] = await Promise.all([
        this.#program.ask(network.namespace, names),
        isMapped ? this.#askMachine() : undefined,
      ]);
      this.#told = '';
      const rates = this.#rates.get(network.id);
      return {
        ...statisticsOf(network, inside, machine),
        ...(rates && {
          net_rate_statistics: await this.#turns.run(() => rates.statistics()),
        }),
      };
    } catch (error) {
      this.#fail(error);
      return {};
    }
  }

  /** Containers keep their networks. */
  close(): void {
    this.#isClosed = true;
    this.#sampling?.close();
    this.#program.close();
  }

  async #askMachine(): Promise<Machine> {
    this.#machine ??= this.#lookAtMachine().finally(() => {
      this.#machine = undefined;
    });
    return this.#machine;
  }

  async #lookAtMachine(): Promise<Machine> {
    const { links = '', queues = '' } = await this.#program.ask(MACHINE, ['links', 'queues']);
    return { links: linkFigures(links), queues: queueFigures(queues) };
  }

  /** One round of samples, of all containers. */
  async #sample(options: RateOptions): Promise<void> {
    const networks = [...this.#networks()];
    try {
      await Promise.all(networks.map((network) => this.#sampleOne(network, options)));
    } catch (error) {
      this.#fail(error);
    }
    const ids = new Set(networks.map(({ id }) => id));
    for (const id of this.#rates.keys()) {
      if (!ids.has(id)) {
        this.#rates.delete(id);
      }
    }
  }

  async #sampleOne(network: MeasuredNetwork, options: RateOptions): Promise<void> {
    const { id, namespace, machineLink } = network;
    const figures =
      machineLink === undefined
        ? counted(network, await this.#program.ask(namespace, ['links']), undefined)
        : counted(network, {}, await this.#askMachine());
    if (figures !== undefined) {
      const rates = this.#rates.get(id) ?? new Rates(options);
      rates.add(performance.now(), figures);
      this.#rates.set(id, rates);
    }
  }

  #fail(error: unknown): void {
    const why = errorText(error);
    if (this.#told !== why && !this.#isClosed) {
      this.#told = why;
      this.#warn(why);
    }
  }
}

/** Undefined where the container has ended. */
function counted(
  { links, machineLink }: MeasuredNetwork,
  inside: FigureTexts,
  machine: Machine | undefined,
): LinkFigures | undefined {
  if (machineLink !== undefined) {
    const figures = machine?.links.get(machineLink);
    return figures && otherEnd(figures);
  }
  const found = linkFigures(inside.links ?? '');
  return sumOfLinks(links.map((it) => found.get(it)).filter((it) => it !== undefined));
}

function statisticsOf(
  network: MeasuredNetwork,
  inside: FigureTexts,
  machine: Machine | undefined,
): Partial<ResourceStatistics> {
  const figures = counted(network, inside, machine);
  const snmp = snmpStatistics(inside.snmp ?? '');
  const own = queueFigures(inside.queues ?? '');
  const queues = [
    ...queueStatistics(machine?.queues.get(network.machineLink ?? '') ?? [], 'received'),
    ...network.links.flatMap((it) => queueStatistics(own.get(it) ?? [], 'sent')),
  ];
  return {
    ...(figures && linkStatistics(figures)),
    ...(snmp && { net_snmp_statistics: snmp }),
    ...socketStatistics(inside.sockets ?? ''),
    ...timeStatistics(inside.times ?? ''),
    ...(queues.length > 0 && { net_traffic_control_statistics: queues }),
  };
}
