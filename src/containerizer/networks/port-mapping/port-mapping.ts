// Port mapping: containers share the machine's address, and each has ports of it. A container has a
// network namespace of its own, which a link joins to the machine, and filters send each packet on
// by its port: no address is translated, and nothing looks at what goes by.
//
// As with Mesos, the container's own ports are those among its resources, and a range of ephemeral
// ones, from which the kernel takes those of its connections.
import { setTimeout as delay } from 'node:timers/promises';
import type { ResourceStatistics } from '../../../model/generated/messages.ts';
import type { ContainerId } from '../../../model/ids.ts';
import { ContainerizerError } from '../../containerizer-error.ts';
import type { PortsAsked } from '../../plan/network.ts';
import { hasPort, type PortRanges, portsText } from '../../plan/ports.ts';
import type { Attached, Attachment, NetworkKind } from '../network.ts';
import type { MeasuredLinks } from '../statistics/network-statistics.ts';
import { type EphemeralOptions, EphemeralPorts } from './ephemeral-ports.ts';
import { beginOfLink, beginOfPriority, linkOf, otherGeneration } from './layout.ts';
import type { LinkNames } from './machine-facts.ts';
import type { MachineNetwork } from './machine-network.ts';
import { MIN_PER_CONTAINER, type PortBlock, portBlocks, rangeOf } from './port-blocks.ts';
import { PortClaims } from './port-claims.ts';
import {
  isSameLimit,
  type RateLimit,
  type RateOptions,
  type Rates,
  rateLimit,
} from './rate-limits.ts';
import { type Mapped, removePorts } from './removal.ts';
import { attachScript, type Limits, leftoversScript, limitScript, portsScript } from './scripts.ts';
import { runScript } from './shell.ts';

export interface PortMappingOptions {
  readonly links: LinkNames;
  readonly ephemeral: EphemeralOptions;
  /** Those that frameworks are offered. */
  readonly ports: PortRanges;
  /** The agent's. */
  readonly cpus: number;
  /** Bytes a second; undefined: what the link tells. */
  readonly linkSpeedBytes: number | undefined;
  readonly egress: RateOptions;
  readonly ingress: RateOptions;
  /** Whether containers that were started without a limit of what they receive get one. */
  readonly isIngressForAll: boolean;
  /**
   * Each container gets a flow of the public link, below this part of its traffic control: `root`,
   * or a class; undefined: all share one.
   */
  readonly flowParent: string | undefined;
}

/** A range of ephemeral ports is waited for so often, and so long each time. */
const MOST_TRIES = 50;
const TRY_MS = 20;

/** Blocks of ports: as many filters are there for a container at each place. */
const MAX_BLOCKS = 256;

/** What of a container's statistics is known without a look at it. */
export type KnownStatistics = Pick<
  ResourceStatistics,
  | 'net_ephemeral_ports'
  | 'net_tx_rate_limit'
  | 'net_tx_burst_rate_limit'
  | 'net_tx_burst_size'
  | 'net_rx_rate_limit'
  | 'net_rx_burst_rate_limit'
  | 'net_rx_burst_size'
>;

export interface PortMappingParts extends PortMappingOptions {
  readonly machine: MachineNetwork;
  readonly rates: { readonly egress: Rates; readonly ingress: Rates };
  readonly warn: (text: string) => void;
}

export class PortMapping implements NetworkKind<PortsAsked> {
  readonly #of: PortMappingParts;
  readonly #ephemeral: EphemeralPorts;
  readonly #mapped = new Map<ContainerId, Mapped>();
  readonly #claims = new PortClaims();
  /** Those of an earlier agent, of whose filters it is not known whether all are there. */
  readonly #doubtful = new Set<ContainerId>();
  #cleared: Promise<void> | undefined;
  #failedUpdates = 0;

  constructor(parts: PortMappingParts) {
    this.#of = parts;
    this.#ephemeral = new EphemeralPorts(parts.ephemeral);
  }

  async attach({ id, namespace, asked, note, abort }: Attachment<PortsAsked>): Promise<Attached> {
    await this.#clear();
    const ports = this.#blocks(asked);
    await this.#claims.take(id, { ports: asked.ports, blocks: ports }, abort);
    const { eth0, lo, flowQueue } = this.#of.machine;
    const ephemeral = await this.#take(id, abort);
    const mapped: Mapped = {
      ephemeral,
      ports,
      limits: this.#limits(asked),
      generation: 0,
      machine: { eth0, lo, flowQueue },
    };
    this.#mapped.set(id, mapped);
    await note(mapped);
    abort.throwIfAborted();
    await runScript(
      `Failed to attach container ${id} to the ports of the machine`,
      attachScript(this.#of.machine, { ...mapped, namespace }),
    );
    return { infos: [], dns: undefined };
  }

  detach(id: ContainerId, _namespace: string | undefined, noted: unknown): Promise<void> {
    return this.#claims.whileBusy(id, async () => {
      const { ephemeral, machine } = noted as Mapped;
      const holder = this.#ephemeral.holderOf(ephemeral);
      // All that was of this container has gone before another one got its ports.
      if (holder === undefined || holder === id) {
        await removePorts(`container ${id}`, machine, ephemeral);
      }
      this.#ephemeral.release(id);
      this.#claims.release(id);
      this.#mapped.delete(id);
      this.#doubtful.delete(id);
    });
  }

  update({ id, namespace, asked, note }: Omit<Attachment<PortsAsked>, 'abort'>): Promise<void> {
    return this.#claims.whileBusy(id, async () => {
      try {
        await this.#update(id, namespace, asked, note);
      } catch (error) {
        this.#failedUpdates++;
        throw error;
      }
    });
  }

  async #update(
    id: ContainerId,
    namespace: string,
    asked: PortsAsked,
    note: (state: unknown) => Promise<void>,
  ): Promise<void> {
    const before = this.#mapped.get(id);
    if (before === undefined) {
      return;
    }
    // It keeps the links, and the share of them, with which it was attached.
    const { eth0, lo, flowQueue } = before.machine;
    const machine = { ...this.#of.machine, eth0, lo, flowQueue };
    const isDoubtful = this.#doubtful.has(id);
    const ports = this.#blocks(asked);
    const blocks = [...before.ports, ...ports];
    await this.#claims.take(id, { ports: asked.ports, blocks });
    const limits = this.#limits(asked, before.limits);
    const changes = isDoubtful ? anew(limits) : changesOf(before.limits, limits);
    if (changes !== undefined) {
      const script = limitScript(machine, { ...before, namespace }, changes);
      await runScript(`Failed to change the limits of container ${id}`, script);
    }
    const isSame = !isDoubtful && isEqual(before.ports, ports);
    const generation = isSame ? before.generation : otherGeneration(before.generation);
    const mapped = { ...before, limits, ports, generation };
    if (!isSame) {
      const script = portsScript(machine, { ...mapped, namespace }, generation);
      await runScript(`Failed to change the ports of container ${id}`, script);
    }
    this.#doubtful.delete(id);
    this.#claims.set(id, ports);
    this.#mapped.set(id, mapped);
    if (!isSame || changes !== undefined) {
      await note(mapped);
    }
  }

  async recover(id: ContainerId, _namespace: string, noted: unknown): Promise<void> {
    const mapped = noted as Mapped;
    this.#ephemeral.adopt(id, mapped.ephemeral);
    this.#claims.set(id, mapped.ports);
    this.#mapped.set(id, mapped);
    this.#doubtful.add(id);
  }

  /** Of a container without ports of its own, nothing. */
  statistics(id: ContainerId): KnownStatistics {
    const mapped = this.#mapped.get(id);
    if (mapped === undefined) {
      return {};
    }
    const { egress, ingress } = mapped.limits;
    return {
      net_ephemeral_ports: rangeOf(mapped.ephemeral),
      ...(egress && {
        net_tx_rate_limit: egress.rateBytes,
        ...(egress.ceilBytes !== undefined && { net_tx_burst_rate_limit: egress.ceilBytes }),
        ...(egress.burstBytes !== undefined && { net_tx_burst_size: egress.burstBytes }),
      }),
      ...(ingress && {
        net_rx_rate_limit: ingress.rateBytes,
        ...(ingress.ceilBytes !== undefined && { net_rx_burst_rate_limit: ingress.ceilBytes }),
        ...(ingress.burstBytes !== undefined && { net_rx_burst_size: ingress.burstBytes }),
      }),
    };
  }

  /** The machine's end of its link is counted, which the container cannot change. */
  links(id: ContainerId): MeasuredLinks | undefined {
    const mapped = this.#mapped.get(id);
    return mapped && { links: [mapped.machine.eth0], machineLink: linkOf(mapped.ephemeral) };
  }

  metrics(): Readonly<Record<string, number>> {
    const { egress, ingress } = this.#of.rates;
    return {
      'port_mapping/per_cpu_egress_rate_limit': egress.perCpuBytes ?? 0,
      'port_mapping/per_cpu_ingress_rate_limit': ingress.perCpuBytes ?? 0,
      'port_mapping/updating_container_ip_filters_errors': this.#failedUpdates,
    };
  }

  /** A container that has ended may be about to give its range back. */
  async #take(id: ContainerId, abort: AbortSignal): Promise<PortBlock> {
    try {
      for (let tries = 1; ; tries++) {
        abort.throwIfAborted();
        const ephemeral = this.#ephemeral.take(id);
        if (ephemeral !== undefined) {
          return ephemeral;
        }
        if (tries === MOST_TRIES) {
          throw new ContainerizerError(
            `Failed to allocate ephemeral ports: all ${this.#ephemeral.count} ranges are in use`,
          );
        }
        await delay(TRY_MS);
      }
    } catch (error) {
      this.#claims.release(id);
      throw error;
    }
  }

  #limits({ cpus }: PortsAsked, before?: Limits): Limits {
    const { rates, isIngressForAll } = this.#of;
    const isUnlimited = before !== undefined && before.ingress === undefined;
    return {
      egress: rateLimit(rates.egress, cpus),
      ingress: isUnlimited && !isIngressForAll ? undefined : rateLimit(rates.ingress, cpus),
    };
  }

  /** The ports that a container asks for. Throws ContainerizerError. */
  #blocks({ ports }: PortsAsked): readonly PortBlock[] {
    if (!ports.every(({ begin, end }) => isWithin(this.#of.ports, begin, end))) {
      throw new ContainerizerError(
        `Some non-ephemeral ports specified in ${portsText(ports)} are not managed by the agent`,
      );
    }
    const blocks = portBlocks(ports);
    if (blocks.length > MAX_BLOCKS) {
      throw new ContainerizerError(
        `The ports ${portsText(ports).slice(0, 100)}… are in too many pieces: filters match ` +
          `${blocks.length} blocks of them, and a container has at most ${MAX_BLOCKS}`,
      );
    }
    return blocks;
  }

  /** Removes, before the first container is attached, what no container has. */
  async #clear(): Promise<void> {
    this.#cleared ??= this.#clearNow();
    try {
      await this.#cleared;
    } catch (error) {
      this.#cleared = undefined;
      throw error;
    }
  }

  async #clearNow(): Promise<void> {
    const { machine, warn } = this.#of;
    const what = 'Failed to look for what earlier containers have left';
    for (const begin of beginsIn(await runScript(what, leftoversScript(machine)))) {
      const block = { begin, size: MIN_PER_CONTAINER };
      if (this.#ephemeral.has(block) && this.#ephemeral.holderOf(block) === undefined) {
        warn(`Removes what no container has: filters and the link for the ports from ${begin} on`);
        await removePorts('a container that is not known', machine, block);
      }
    }
  }
}

const isWithin = (ranges: PortRanges, begin: number, end: number): boolean => {
  for (let port = begin; port <= end; port++) {
    if (!hasPort(ranges, port)) {
      return false;
    }
  }
  return begin <= end;
};

const isEqual = (some: readonly PortBlock[], others: readonly PortBlock[]) =>
  some.length === others.length &&
  some.every(({ begin, size }, index) => {
    const other = others[index];
    return other?.begin === begin && other.size === size;
  });

type Changes = Parameters<typeof limitScript>[2];

/** Undefined where nothing changes. */
function changesOf(before: Limits, after: Limits): Changes | undefined {
  const change = (from: RateLimit | undefined, to: RateLimit | undefined) =>
    isSameLimit(from, to) ? undefined : { from, to };
  const egress = change(before.egress, after.egress);
  const ingress = change(before.ingress, after.ingress);
  return egress || ingress ? { egress, ingress } : undefined;
}

/** Whatever there is by now. */
const anew = ({ egress, ingress }: Limits): Changes => ({
  egress: { from: undefined, to: egress },
  ingress: { from: undefined, to: ingress },
});

/** Where the ephemeral ports begin of all containers that have a filter or a link. */
function beginsIn(output: string): ReadonlySet<number> {
  const priorities = [...output.matchAll(/\bpref (\d+)\b/g)].map(([, it]) =>
    beginOfPriority(Number(it)),
  );
  const links = [...output.matchAll(/^\d+: ([^@:]+)/gm)].map(([, it = '']) => beginOfLink(it));
  return new Set([...priorities, ...links].filter((it) => it !== undefined));
}
