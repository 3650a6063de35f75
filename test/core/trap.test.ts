// The host after a trap of the module: one typed error, and no later call works on the lost
// instance.
import { beforeEach, describe, expect, test } from 'vitest';
import { createCore } from '../../src/core/core.ts';
import type { AllocatorOptions, LiveAllocator, SchedulerCore } from '../../src/core/interface.ts';
import { CoreTrap } from '../../src/core/trap.ts';
import {
  AgentInfo_Capability_Type as AgentCapability,
  FrameworkInfo_Capability_Type as FrameworkCapability,
  type Offer_Operation,
  Offer_Operation_Type as OperationType,
} from '../../src/model/generated/messages.ts';
import { agentId, frameworkId } from '../../src/model/ids.ts';
import { Traps } from '../support/traps.ts';
import { coreModule } from './load.ts';
import { cpus, disk, mem, ports, reserved, volume } from './resources.ts';

const compiled = await coreModule();
let traps: Traps;
let core: SchedulerCore;

beforeEach(() => {
  traps = new Traps(compiled);
  core = createCore(compiled, traps.instantiate);
});

function caught(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
}

const options: AllocatorOptions = {
  seed: 0,
  allocationIntervalMs: 1000,
  minAllocatable: [],
  fairnessExcluded: [],
  filterGpuResources: true,
  roleSorter: 'drf',
  frameworkSorter: 'drf',
  regexMaxMemoryBytes: 4096,
  regexMaxProgramSize: 100,
};

const reserve: Offer_Operation = {
  type: OperationType.RESERVE,
  reserve: { resources: [reserved(cpus(1), 'r')] },
};
const [f, a] = [frameworkId('f'), agentId('a')];
const holding = { frameworkId: f, agentId: a, role: 'r' };

function filled(allocator: LiveAllocator): LiveAllocator {
  allocator.setTime(0);
  allocator.addAgent({
    id: a,
    facts: { hostname: 'a', attributes: [] },
    capabilities: [AgentCapability.MULTI_ROLE],
    total: [cpus(8), mem(1024)],
    used: [],
  });
  allocator.addFramework({
    id: f,
    roles: ['r'],
    suppressedRoles: [],
    capabilities: [FrameworkCapability.MULTI_ROLE],
    minAllocatable: {},
    active: true,
    used: [],
  });
  return allocator;
}

describe('an allocator', () => {
  const calls: Record<string, (allocator: LiveAllocator) => unknown> = {
    addAgent: (it) =>
      it.addAgent({
        id: agentId('b'),
        facts: { hostname: 'b', attributes: [] },
        capabilities: [],
        total: [cpus(1)],
        used: [],
      }),
    updateAgent: (it) => it.updateAgent(a, { total: [cpus(9)] }),
    removeAgent: (it) => it.removeAgent(a),
    suppress: (it) => it.suppress(f, []),
    removeFramework: (it) => it.removeFramework(f),
    updateQuota: (it) => it.updateQuota('r', { guarantees: { cpus: 1 }, limits: {} }),
    updateWeights: (it) => it.updateWeights({ r: 2 }),
    launch: (it) => it.launch({ ...holding, resources: [cpus(1)] }),
    recover: (it) => it.recover({ ...holding, resources: [cpus(1)], wasUsed: false }),
    convert: (it) => it.convert({ ...holding, resources: [cpus(1)] }, [reserve]),
    free: (it) => it.free(a),
    explain: (it) => it.explain(f, 'r', a),
    activeFilters: (it) => it.activeFilters(),
    runPending: (it) => it.runPending(),
    runBatch: (it) => it.runBatch(),
  };

  test.each(Object.entries(calls))('that traps in %s is lost', (name, call) => {
    const allocator = filled(core.allocator(options));
    if (!name.startsWith('run')) {
      allocator.runBatch();
    }
    traps.arm(0);
    const trap = caught(() => call(allocator));
    expect(trap).toBeInstanceOf(CoreTrap);
    const { exportName, message, code, cause } = trap as CoreTrap;
    expect(code).toBe('TRAP');
    expect(exportName).toBe(traps.sprung[0]);
    expect(cause).toBeInstanceOf(WebAssembly.RuntimeError);
    expect(message).toBe(
      `The scheduler core trapped in ${exportName}: ${(cause as Error).message}`,
    );
    // Every later call throws the same error, and none reaches the lost instance.
    const calls = traps.calls;
    for (const further of [
      call,
      (it: LiveAllocator) => it.setTime(5),
      (it: LiveAllocator) => it.save(),
    ]) {
      expect(caught(() => further(allocator))).toBe(trap);
    }
    expect(traps.calls).toBe(calls);
    // Another allocator of the same core is intact.
    expect(filled(core.allocator(options)).runBatch().count).toBe(1);
  });

  test('a batch that was read before the trap cannot be read after it', () => {
    const allocator = filled(core.allocator(options));
    const batch = allocator.runBatch();
    expect(batch.frameworkId(0)).toBe(f);
    traps.arm(0);
    const trap = caught(() => allocator.free(a));
    expect(caught(() => batch.resources(0))).toBe(trap);
  });
});

describe('sums, pools, ledgers and matches', () => {
  const create: Offer_Operation = {
    type: OperationType.CREATE,
    create: { volumes: [volume(reserved(disk(5), 'r'), 'v')] },
  };

  /** A series of calls on the shared instance; returns all answers. */
  function day({ algebra, ledger, matcher }: SchedulerCore): unknown[] {
    const all = [cpus(4), mem(64), disk(9), ports([1, 9])];
    const pool = algebra.pool(all);
    const books = ledger([...all, reserved(disk(5), 'r')]);
    const offers = [{ hostname: 'h', resources: all }];
    return [
      algebra.add(all, [cpus(1)]),
      algebra.subtract(all, [ports([3, 4])]),
      algebra.contains(all, [cpus(4)]),
      algebra.equal(all, [cpus(4)]),
      algebra.isEmpty([cpus(0)]),
      algebra.sum(new Set([all, all]).values()),
      algebra.quantities(all),
      algebra.apply(all, reserve),
      pool.take([cpus(1), ports([1, 2])]),
      pool.put([cpus(0.5)]),
      pool.take([cpus(9)]),
      pool.contains([cpus(3.5)]),
      pool.isEmpty(),
      pool.resources(),
      pool.free(),
      books.take('one', [cpus(1), ports([5, 5])]),
      books.take('two', [cpus(3)]),
      books.take('three', [cpus(1)]),
      books.apply(create),
      books.give('two', [cpus(2)]),
      books.take('three', [cpus(1)]),
      books.release('one'),
      books.release('one'),
      books.setTotal([cpus(5), mem(1)]),
      books.used(),
      books.usedBy('two'),
      books.usedBy('one'),
      books.free(),
      books.total(),
      matcher.match({
        tasks: [{ amounts: { cpus: 3 } }, { amounts: { cpus: 3 } }],
        offers,
        fitness: { type: 'binPack' },
      }),
    ];
  }

  test('a trap in any call changes no answer', () => {
    const expected = day(createCore(compiled));
    const sprung = new Set<string>();
    for (let skipped = 0; ; ) {
      traps = new Traps(compiled);
      core = createCore(compiled, traps.instantiate);
      traps.arm(skipped);
      expect(day(core), `after ${traps.passed} calls, in ${traps.sprung}`).toEqual(expected);
      expect(core.sharedTraps).toBe(traps.sprung.length);
      expect(core.lastSharedTrap?.exportName).toBe(traps.sprung[0]);
      const [name] = traps.sprung;
      if (name === undefined) {
        break;
      }
      sprung.add(name);
      skipped = traps.passed + 1;
    }
    expect([...sprung]).toEqual(
      expect.arrayContaining(
        'listAdd listSubtract listContains listEqual listQuantities listConvert matchRun'.split(
          ' ',
        ),
      ),
    );
    expect([...sprung]).toEqual(
      expect.arrayContaining(
        'rowMake rowRead rowWrite rowPut rowTake rowHas rowDrop ledgerTake ledgerGive'.split(' '),
      ),
    );
    expect([...sprung]).toEqual(
      expect.arrayContaining(['ledgerRelease', 'ledgerConvert', 'ledgerFree', 'addKind']),
    );
  });

  test('a trap that comes back is thrown, and the next call is well', () => {
    const books = core.ledger([cpus(2)]);
    expect(books.take('one', [cpus(1)])).toBe(true);
    traps.arm(0, { exports: /^ledgerTake$/, times: 2 });
    expect(() => books.take('two', [cpus(1)])).toThrow(CoreTrap);
    expect(core.sharedTraps).toBe(2);
    expect(books.take('two', [cpus(1)])).toBe(true);
    expect(books.take('three', [cpus(1)])).toBe(false);
    expect(books.used()).toEqual([cpus(2)]);
  });
});
