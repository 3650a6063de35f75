// A cluster for the benches: adds agents to an allocator, times its runs, and gives offers back.
// Only what a workload names is timed; messages of offers are built outside of that.
import type {
  AllocatorOptions,
  FrameworkTerms,
  Holding,
  LiveAllocator,
  OfferBatch,
  SchedulerCore,
} from '../../src/core/interface.ts';
import {
  AgentInfo_Capability_Type as AgentCapability,
  FrameworkInfo_Capability_Type as FrameworkCapability,
  type Resource,
} from '../../src/model/generated/messages.ts';
import { agentId, type FrameworkId, frameworkId } from '../../src/model/ids.ts';
import type { Measurement } from '../report.ts';

export const YEAR_SECONDS = 365 * 24 * 3600;
const INTERVAL_MS = 1000;

const AGENT_CAPABILITIES = [
  AgentCapability.MULTI_ROLE,
  AgentCapability.HIERARCHICAL_ROLE,
  AgentCapability.RESERVATION_REFINEMENT,
];
const FRAMEWORK_CAPABILITIES = [
  FrameworkCapability.MULTI_ROLE,
  FrameworkCapability.RESERVATION_REFINEMENT,
  FrameworkCapability.REVOCABLE_RESOURCES,
  FrameworkCapability.SHARED_RESOURCES,
  FrameworkCapability.GPU_RESOURCES,
];

export interface Size {
  readonly agents: number;
  readonly frameworks: number;
}

export type Use = (agent: number) => { framework: number; role: string; resources: Resource[] };

export function timed(work: () => void): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

/** The shortest of several times: something else disturbed the others. */
export const best = (times: readonly number[]) => Math.min(...times);

/** The median, for times that differ because the work does. */
export function median(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

export const ms = (metric: string, value: number): Measurement => ({ metric, unit: 'ms', value });

export const memory = (): Measurement => {
  globalThis.gc?.();
  return { metric: 'memory', unit: 'MB', value: process.memoryUsage().rss / 1e6 };
};

export class BenchCluster {
  readonly allocator: LiveAllocator;
  readonly frameworks: FrameworkId[] = [];
  agents = 0;
  #now = 0;
  #batch: OfferBatch | undefined;

  constructor(core: SchedulerCore, options: Partial<AllocatorOptions> = {}) {
    this.allocator = core.allocator({ seed: 1, allocationIntervalMs: INTERVAL_MS, ...options });
    this.allocator.setTime(0);
  }

  /** Adds agents and returns the milliseconds, without those of `totalOf` and `use`. */
  addAgents(count: number, totalOf: (agent: number) => Resource[], use?: Use): number {
    let spent = 0;
    for (let chunk = 0; chunk < count; chunk += 1000) {
      const added = Array.from({ length: Math.min(1000, count - chunk) }, () => {
        const agent = this.agents++;
        const id = agentId(`agent-${agent}`);
        const used = use?.(agent);
        return {
          id,
          facts: { hostname: `host-${agent}`, attributes: [] },
          capabilities: AGENT_CAPABILITIES,
          total: totalOf(agent),
          used:
            used === undefined
              ? []
              : [
                  {
                    frameworkId: nameOf(used.framework),
                    agentId: id,
                    role: used.role,
                    resources: used.resources,
                  },
                ],
        };
      });
      spent += timed(() => {
        for (const agent of added) {
          this.allocator.addAgent(agent);
        }
      });
    }
    return spent;
  }

  addFrameworks(
    count: number,
    rolesOf: (framework: number) => string[],
    terms: Partial<FrameworkTerms> = {},
  ): number {
    const added = Array.from({ length: count }, (_, index) => {
      const framework = this.frameworks.length + index;
      return {
        id: nameOf(framework),
        roles: rolesOf(framework),
        suppressedRoles: [],
        capabilities: FRAMEWORK_CAPABILITIES,
        minAllocatable: {},
        active: true,
        used: [],
        ...terms,
      };
    });
    for (const framework of added) {
      this.frameworks.push(framework.id);
    }
    return timed(() => {
      for (const framework of added) {
        this.allocator.addFramework(framework);
      }
    });
  }

  /** The memory of the allocator's state, without the names on the host's side. */
  get megabytes(): number {
    return this.allocator.bytes / 1e6;
  }

  /** One batch run. */
  cycle(): number {
    this.#now += INTERVAL_MS;
    return timed(() => {
      this.allocator.setTime(this.#now);
      this.#batch = this.allocator.runBatch();
    });
  }

  get offered(): number {
    return this.#batch?.count ?? 0;
  }

  /**
   * The offers of the last run. If all offers have the same resources, give them as `same`: then a
   * million offers need no million messages.
   */
  offers(same?: readonly Resource[]): Holding[] {
    const batch = this.#batch;
    if (batch === undefined) {
      return [];
    }
    return Array.from({ length: batch.count }, (_, index) => ({
      frameworkId: batch.frameworkId(index),
      agentId: batch.agentId(index),
      role: batch.role(index),
      resources: same ?? batch.resources(index),
    }));
  }

  giveBack(offers: Iterable<Holding>, refuseSeconds?: number): void {
    for (const offer of offers) {
      this.allocator.recover({ ...offer, wasUsed: false, refuseSeconds });
    }
  }

  /** Launches a task on each offer, which uses all of it. */
  launch(offers: Iterable<Holding>): void {
    for (const offer of offers) {
      this.allocator.launch(offer);
    }
  }
}

export const nameOf = (framework: number): FrameworkId => frameworkId(`framework-${framework}`);
