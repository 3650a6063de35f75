// The faults of a simulation, and their times.
import type { AgentHost } from './agent-host.ts';
import type { Simulation } from './simulation.ts';

/** How likely each kind of fault is, relative to the others. */
export interface FaultWeights {
  readonly killMaster: number;
  readonly killAgent: number;
  readonly reboot: number;
  readonly breakConnection: number;
  readonly cut: number;
  readonly hangUp: number;
  readonly failOver: number;
  readonly tearDown: number;
  readonly leave: number;
  readonly unregister: number;
  readonly operator: number;
  readonly quota: number;
  readonly maintenance: number;
  readonly crashExecutor: number;
  readonly jumpClock: number;
  readonly cutOneWay: number;
  readonly replace: number;
  readonly weights: number;
  readonly convert: number;
  readonly trap: number;
  readonly depose: number;
}

type Fault = keyof FaultWeights;

export class Faults {
  readonly #simulation: Simulation;

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
  }

  start(): void {
    const { agenda, chance, settings } = this.#simulation;
    agenda.after(chance.int(1, settings.faultIntervalMs * 2), () => {
      if (!this.#simulation.isQuiet) {
        this.#strike();
        this.start();
      }
    });
  }

  #strike(): void {
    const { chance, settings, master, agents, frameworks, network, agenda } = this.#simulation;
    const host = chance.pick(agents);
    const framework = chance.pick(frameworks);
    switch (this.#choose(settings.faults)) {
      case 'killMaster':
        if (master.life !== undefined) {
          master.kill();
          this.restartMaster();
        }
        return;
      case 'killAgent':
        if (host.life !== undefined) {
          host.kill();
          this.restartAgent(host);
        }
        return;
      case 'reboot':
        if (host.life !== undefined) {
          host.reboot();
          this.restartAgent(host);
        }
        return;
      case 'breakConnection': {
        const { open } = network;
        if (open.length > 0) {
          const channel = chance.pick(open);
          this.#simulation.note('network', () => {
            const { from, to } = channel.ends;
            return `the connection from ${from.host} to ${to.host} breaks`;
          });
          channel.break();
        }
        return;
      }
      case 'cut': {
        const other = chance.of(0.7) ? host.name : framework.plan.name;
        this.#simulation.note('network', () => `cuts off ${other}`);
        for (const one of master.hosts) {
          network.cut(other, one);
        }
        agenda.after(chance.delay(100, settings.longestCutMs), () => this.#heal(other));
        return;
      }
      case 'hangUp':
        framework.disconnect(chance.delay(100, 60_000));
        return;
      case 'failOver':
        framework.failOver();
        return;
      case 'tearDown':
        framework.tearDown();
        return;
      case 'leave':
        host.stop('leave');
        return;
      case 'unregister':
        host.stop('unregister');
        return;
      case 'operator':
        this.#simulation.operator.interfere();
        return;
      case 'quota':
        this.#simulation.operator.changeQuota();
        return;
      case 'maintenance':
        this.#simulation.operator.maintain();
        return;
      case 'crashExecutor':
        host.crashExecutor();
        return;
      case 'jumpClock':
        chance.pick([master, ...agents]).jumpClock(chance);
        return;
      case 'cutOneWay':
        this.#cutOneWay(chance.of(0.7) ? host.name : framework.plan.name);
        return;
      case 'replace':
        host.replace();
        this.restartAgent(host);
        return;
      case 'weights':
        this.#simulation.operator.changeWeights();
        return;
      case 'convert':
        this.#simulation.operator.convert();
        return;
      case 'depose':
        master.depose();
        return;
      case 'trap':
        (chance.of(0.8) ? master : host).life?.program.trap(chance.delay(0, 30));
        return;
      case undefined:
        return;
    }
  }

  #cutOneWay(other: string): void {
    const { chance, network, agenda, settings, master } = this.#simulation;
    const isFromOther = chance.of(0.5);
    for (const one of master.hosts) {
      const [from, to] = isFromOther ? [other, one] : [one, other];
      this.#simulation.note('network', () => `lets nothing pass from ${from} to ${to}`);
      network.cutOff(from, to);
    }
    agenda.after(chance.delay(100, settings.longestCutMs), () => this.#heal(other));
  }

  #heal(other: string): void {
    const { network, master } = this.#simulation;
    this.#simulation.note('network', () => `heals ${other}`);
    for (const one of master.hosts) {
      network.heal(other, one);
    }
  }

  #choose(weights: FaultWeights): Fault | undefined {
    const kinds = Object.entries(weights) as [Fault, number][];
    const sum = kinds.reduce((total, [, weight]) => total + weight, 0);
    let left = this.#simulation.chance.random.next() * sum;
    for (const [kind, weight] of kinds) {
      left -= weight;
      if (left < 0) {
        return kind;
      }
    }
    return undefined;
  }

  restartMaster(): void {
    const { agenda, chance, master, isQuiet } = this.#simulation;
    agenda.after(isQuiet ? 100 : chance.delay(10, 120_000), () => {
      if (master.life === undefined) {
        master.start();
      }
    });
  }

  restartAgent(host: AgentHost): void {
    const { agenda, chance, isQuiet } = this.#simulation;
    agenda.after(isQuiet ? 100 : chance.delay(10, 200_000), () => host.start());
  }

  /**
   * An agent ends in order because it was told to; if it is gone for good, a new machine takes its
   * place.
   */
  agentExited(host: AgentHost, id: string | undefined): void {
    if (id !== undefined && this.#simulation.master.records.goneAgents.has(id)) {
      host.replace();
    }
    this.restartAgent(host);
  }

  /** A process may die in the middle of its effects; -1 means not this time. */
  effectsBeforeKill(who: 'master' | 'agent', count: number): number {
    const { chance, settings, isQuiet } = this.#simulation;
    const part = who === 'master' ? settings.killsInMaster : settings.killsInAgents;
    return !isQuiet && count > 1 && part > 0 && chance.of(part) ? chance.int(0, count - 1) : -1;
  }

  /** The end of all faults: what is down comes up, what is cut is healed. */
  end(): void {
    const { network, master, agents } = this.#simulation;
    network.healAll();
    master.settle();
    if (master.life === undefined) {
      this.restartMaster();
    }
    for (const host of agents) {
      if (host.life === undefined) {
        this.restartAgent(host);
      }
    }
  }
}
