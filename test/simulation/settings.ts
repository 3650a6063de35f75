// The cluster that a seed makes, and its faults.
//
// Seeds from a million on have a wider world, with everything that was added after the first seeds
// were found: those below keep, byte for byte, the history that they were kept for.
import type { AgentOptions } from '../../src/agent/options.ts';
import type { MasterOptions } from '../../src/master/options.ts';
import type { AgentMachine } from './agent-host.ts';
import type { Chance } from './chance.ts';
import type { FaultWeights } from './faults.ts';
import { FOR_EVER, type FrameworkPlan } from './framework-plan.ts';

export interface Settings {
  /** With more than one, they elect one of themselves. */
  readonly masters: number;
  /** How long a session with ZooKeeper outlives its connection. */
  readonly sessionTimeoutMs: number;
  /**
   * Whether ZooKeeper ends sessions earlier than it promises, as with clocks that differ: only the
   * registry can tell then that two masters lead.
   */
  readonly expiresEarly: boolean;
  readonly machines: readonly AgentMachine[];
  readonly frameworks: readonly FrameworkPlan[];
  readonly master: Partial<MasterOptions> & { readonly maxCompletedTasksPerFramework: number };
  readonly agent: Partial<AgentOptions>;
  readonly shuffles: boolean;
  readonly troubleMs: number;
  readonly faultIntervalMs: number;
  readonly longestCutMs: number;
  readonly faults: FaultWeights;
  readonly killsInMaster: number;
  readonly killsInAgents: number;
  readonly launchFailures: number;
  /** How likely a framework changes its roles, every two seconds. */
  readonly roleChanges: number;
  /** How likely an answer to an offer has one more operation on reservations or volumes. */
  readonly conversions: number;
  /** How likely a new master has another address. */
  readonly moves: number;
  /** How likely a write to a disk fails. */
  readonly diskFailures: number;
  readonly networkDelayMs: number;
  readonly diskDelayMs: number;
  /** How likely a message on a breaking connection still arrives, later than what follows it. */
  readonly lateArrivals: number;
  /** How likely an agent restarts on another port. */
  readonly portChanges: number;
  /** How likely an agent restarts with more resources than before. */
  readonly growth: number;
  /** Whether volumes are grown and shrunk. */
  readonly resizesVolumes: boolean;
  /** How likely tasks for a custom executor go as a group. */
  readonly taskGroups: number;
  /**
   * How likely a framework asks about operations, or sends messages to executors, every two
   * seconds.
   */
  readonly talk: number;
  /** Whether the operators' event stream has a reader. */
  readonly isWatched: boolean;
}

const FIRST_WIDE_SEED = 1_000_000;
/** From here on the scheduler core traps. */
const FIRST_TRAPPING_SEED = 2_000_000;
/** From here on masters are elected while others lead. */
const FIRST_LEADERSHIP_SEED = 1_000_000_000;
/** From here on two or three masters elect one of themselves in ZooKeeper. */
const FIRST_ENSEMBLE_SEED = 2_000_000_000;

export function settingsOf(chance: Chance, seed: number): Settings {
  const narrow = narrowSettings(chance);
  if (seed < FIRST_WIDE_SEED) {
    return narrow;
  }
  const wide = { ...widened(chance, narrow, seed), isWatched: seed % 3 === 0 };
  if (seed < FIRST_LEADERSHIP_SEED) {
    return wide;
  }
  const faults = { ...wide.faults, trap: 0, depose: chance.pick([1, 4, 12]) };
  return seed < FIRST_ENSEMBLE_SEED
    ? { ...wide, faults }
    : {
        ...wide,
        faults,
        masters: chance.int(2, 3),
        sessionTimeoutMs: chance.pick([4_000, 10_000, 30_000]),
        expiresEarly: chance.of(0.3),
      };
}

function widened(chance: Chance, narrow: Settings, seed: number): Settings {
  return {
    ...narrow,
    agent: { ...narrow.agent, reconfigurationPolicy: 'additive' },
    faults: {
      ...narrow.faults,
      crashExecutor: chance.pick([0, 2, 6]),
      jumpClock: chance.pick([0, 0, 1]),
      cutOneWay: chance.pick([0, 0, 3]),
      replace: chance.pick([0, 0, 0.5]),
      weights: chance.pick([0, 0, 1]),
      convert: chance.pick([0, 0, 3]),
      trap: seed < FIRST_TRAPPING_SEED ? 0 : chance.pick([1, 5, 20]),
    },
    lateArrivals: chance.pick([0, 0, 0.5]),
    portChanges: chance.pick([0, 0, 0.3]),
    growth: chance.pick([0, 0, 0.3]),
    resizesVolumes: chance.of(0.5),
    taskGroups: chance.pick([0, 0.3]),
    talk: chance.pick([0, 0.1]),
  };
}

function narrowSettings(chance: Chance): Settings {
  const machines = Array.from({ length: chance.int(1, 5) }, (_, index) => ({
    name: `a${index + 1}`,
    number: index + 1,
    resources: `cpus:${chance.int(1, 8)};mem:${chance.int(1, 8) * 1024};disk:10000;ports:[31000-32000]`,
  }));
  const frameworks = Array.from({ length: chance.int(1, 4) }, (_, index) =>
    frameworkPlan(chance, index),
  );
  return {
    masters: 1,
    sessionTimeoutMs: 10_000,
    expiresEarly: false,
    machines,
    frameworks,
    master: {
      agentPingTimeoutMs: chance.pick([3_000, 15_000]),
      maxAgentPingTimeouts: chance.pick([2, 5]),
      agentReregisterTimeoutMs: chance.pick([30_000, 120_000, 600_000]),
      allocationIntervalMs: chance.pick([1_000, 5_000]),
      maxCompletedTasksPerFramework: chance.pick([3, 1_000]),
      ...(chance.of(0.3) ? { offerTimeoutMs: 20_000 } : {}),
      ...(chance.of(0.2) ? { agentRemovalIntervalMs: 5_000 } : {}),
    },
    agent: {
      executorRegistrationTimeoutMs: chance.pick([1_000, 60_000]),
      maxCompletedFrameworks: chance.pick([1, 50]),
      maxCompletedExecutorsPerFramework: chance.pick([2, 150]),
    },
    shuffles: chance.of(0.5),
    troubleMs: chance.int(120, 600) * 1_000,
    faultIntervalMs: chance.pick([2_000, 8_000, 30_000]),
    longestCutMs: chance.pick([5_000, 200_000]),
    faults: {
      killMaster: chance.pick([0, 1, 4]),
      killAgent: chance.pick([0, 2, 6]),
      reboot: chance.pick([0, 1]),
      breakConnection: chance.pick([0, 2, 10]),
      cut: chance.pick([0, 2, 4]),
      hangUp: chance.pick([0, 2, 4]),
      failOver: chance.pick([0, 1]),
      tearDown: chance.pick([0, 0, 0.3]),
      leave: chance.pick([0, 0.5]),
      unregister: chance.pick([0, 0, 0.5]),
      operator: chance.pick([0, 0, 3]),
      quota: chance.pick([0, 0, 1]),
      maintenance: chance.pick([0, 0, 1]),
      crashExecutor: 0,
      jumpClock: 0,
      cutOneWay: 0,
      replace: 0,
      weights: 0,
      convert: 0,
      trap: 0,
      depose: 0,
    },
    killsInMaster: chance.pick([0, 0, 0.002]),
    killsInAgents: chance.pick([0, 0, 0.002]),
    conversions: chance.pick([0, 0, 0.3, 0.6]),
    roleChanges: chance.pick([0, 0, 0.01]),
    launchFailures: chance.pick([0, 0.05]),
    moves: chance.pick([0, 0, 0.5]),
    diskFailures: chance.pick([0, 0, 0.002]),
    networkDelayMs: chance.pick([5, 50, 2_000]),
    diskDelayMs: chance.pick([2, 50, 3_000]),
    lateArrivals: 0,
    portChanges: 0,
    growth: 0,
    resizesVolumes: false,
    taskGroups: 0,
    talk: 0,
    isWatched: false,
  };
}

function frameworkPlan(chance: Chance, index: number): FrameworkPlan {
  return {
    name: `f${index + 1}`,
    roles: index === 0 ? ['*'] : chance.pick([['*'], ['eng'], ['eng', 'ops'], ['eng/dev']]),
    checkpoint: chance.of(0.7),
    partitionAware: chance.of(0.6),
    killingState: chance.of(0.3),
    failoverSeconds: index === 0 ? FOR_EVER : chance.pick([0, 10, 60, FOR_EVER]),
    ownExecutors: chance.of(0.4),
    tasks: chance.int(5, 80),
    isAnchor: index === 0,
  };
}
