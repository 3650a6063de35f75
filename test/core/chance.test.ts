// Chance in the core: the shuffle is the one in asm/README.md, written here a second time from that
// page, and the random sorters draw each client by its weight.
import { expect, test } from 'vitest';
import type { AllocatorOptions, LiveAllocator, OfferBatch } from '../../src/core/interface.ts';
import {
  AgentInfo_Capability_Type as AgentCapability,
  FrameworkInfo_Capability_Type as FrameworkCapability,
} from '../../src/model/generated/messages.ts';
import { agentId, frameworkId } from '../../src/model/ids.ts';
import { loadCore } from './load.ts';
import { cpus } from './resources.ts';

const core = await loadCore();

const options: AllocatorOptions = {
  seed: 0,
  allocationIntervalMs: 1000,
  minAllocatable: [],
  fairnessExcluded: [],
  filterGpuResources: true,
  region: undefined,
  zone: undefined,
  roleSorter: 'drf',
  frameworkSorter: 'drf',
  regexMaxMemoryBytes: 4096,
  regexMaxProgramSize: 100,
};

/** Xoshiro256**, its state filled by splitmix64. */
class Generator {
  readonly #state: [bigint, bigint, bigint, bigint];

  constructor(seed: number) {
    let x = BigInt(seed);
    const next = () => {
      x = BigInt.asUintN(64, x + 0x9e3779b97f4a7c15n);
      let z = x;
      z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
      z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
      return z ^ (z >> 31n);
    };
    this.#state = [next(), next(), next(), next()];
  }

  #next(): bigint {
    const turned = (value: bigint, by: bigint) =>
      BigInt.asUintN(64, value << by) | (value >> (64n - by));
    const [a, b, c, d] = this.#state;
    const result = BigInt.asUintN(64, turned(BigInt.asUintN(64, b * 5n), 7n) * 9n);
    const x = c ^ a;
    const y = d ^ b;
    this.#state[0] = a ^ y;
    this.#state[1] = b ^ x;
    this.#state[2] = x ^ BigInt.asUintN(64, b << 17n);
    this.#state[3] = turned(y, 45n);
    return result;
  }

  below(bound: number): number {
    return Number(((this.#next() >> 32n) * BigInt(bound)) >> 32n);
  }

  shuffle(list: unknown[]): void {
    for (let count = list.length; count > 1; count--) {
      const other = this.below(count);
      [list[count - 1], list[other]] = [list[other], list[count - 1]];
    }
  }
}

function cluster(more: Partial<AllocatorOptions>, agents: number): LiveAllocator {
  const allocator = core.allocator({ ...options, ...more });
  for (let number = 0; number < agents; number++) {
    allocator.addAgent({
      id: agentId(`a${number}`),
      facts: { hostname: `a${number}`, attributes: [], region: undefined, zone: undefined },
      capabilities: [AgentCapability.MULTI_ROLE, AgentCapability.HIERARCHICAL_ROLE],
      total: [cpus(1)],
      used: [],
    });
  }
  return allocator;
}

function addFramework(allocator: LiveAllocator, id: string, role: string): void {
  allocator.addFramework({
    id: frameworkId(id),
    roles: [role],
    suppressedRoles: [],
    capabilities: [FrameworkCapability.MULTI_ROLE],
    minAllocatable: {},
    active: true,
    used: [],
  });
}

/** Returns which framework each offer went to; everything is given back. */
function takeBack(allocator: LiveAllocator, batch: OfferBatch) {
  const offers = Array.from({ length: batch.count }, (_, index) => ({
    frameworkId: batch.frameworkId(index),
    agentId: batch.agentId(index),
    role: batch.role(index),
    resources: batch.resources(index),
  }));
  for (const offer of offers) {
    allocator.recover({ ...offer, wasUsed: false });
  }
  return offers;
}

test.each([1, 42, 2 ** 32 + 7, Number.MAX_SAFE_INTEGER])('seed %i shuffles agents', (seed) => {
  const allocator = cluster({ seed }, 40);
  addFramework(allocator, 'f', 'web');
  const generator = new Generator(seed);
  for (let run = 0; run < 3; run++) {
    const expected = Array.from({ length: 40 }, (_, number) => `a${number}`);
    generator.shuffle(expected);
    const offers = takeBack(allocator, allocator.runBatch());
    expect(offers.map(({ agentId }) => agentId)).toEqual(expected);
  }
});

/** How many of 8,000 agents each role gets. */
function counted(allocator: LiveAllocator): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let run = 0; run < 100; run++) {
    for (const { role, frameworkId } of takeBack(allocator, allocator.runBatch())) {
      const who = `${role} ${frameworkId}`;
      counts[who] = (counts[who] ?? 0) + 1;
    }
  }
  return counts;
}

test('drawn roles have the chances of their branches, drawn frameworks equal ones', () => {
  const allocator = cluster({ seed: 5, roleSorter: 'random', frameworkSorter: 'random' }, 80);
  addFramework(allocator, 'f1', 'a');
  addFramework(allocator, 'f2', 'b');
  addFramework(allocator, 'f3', 'b/x');
  addFramework(allocator, 'f4', 'c');
  addFramework(allocator, 'f5', 'c');
  allocator.updateWeights({ b: 2, 'b/x': 3 });
  // a 1/4; b 2/4, of which its own frameworks have 1/4 and x 3/4; c 1/4, halved.
  const chances = { 'a f1': 0.25, 'b f2': 0.125, 'b/x f3': 0.375, 'c f4': 0.125, 'c f5': 0.125 };
  const counts = counted(allocator);
  for (const [who, chance] of Object.entries(chances)) {
    const deviation = Math.sqrt(8000 * chance * (1 - chance));
    expect(Math.abs((counts[who] ?? 0) - 8000 * chance), who).toBeLessThan(4 * deviation);
  }
});
