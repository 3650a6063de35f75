// What only the module's allocator can do: be explained, saved, restored and forked.
import assert from 'node:assert/strict';
import { describe, expect, test } from 'vitest';
import type { AllocatorOptions, LiveAllocator, OfferBatch } from '../../src/core/interface.ts';
import {
  AgentInfo_Capability_Type as AgentCapability,
  FrameworkInfo_Capability_Type as FrameworkCapability,
  Offer_Operation_Type,
  type OfferConstraints,
  AttributeConstraint_Selector_PseudoattributeType as Pseudoattribute,
  type Resource,
} from '../../src/model/generated/messages.ts';
import { agentId, frameworkId } from '../../src/model/ids.ts';
import { loadCore } from './load.ts';
import { cpus, disk, mem, mount, ports, reserved, scalar, volume } from './resources.ts';

const core = await loadCore();

const options: AllocatorOptions = {
  seed: 0,
  allocationIntervalMs: 1000,
  minAllocatable: [{ cpus: 0.01 }, { mem: 32 }],
  fairnessExcluded: ['gpus'],
  filterGpuResources: true,
  region: 'here',
  roleSorter: 'drf',
  frameworkSorter: 'drf',
  regexMaxMemoryBytes: 4096,
  regexMaxProgramSize: 100,
};

const everyAgentCapability = [
  AgentCapability.MULTI_ROLE,
  AgentCapability.HIERARCHICAL_ROLE,
  AgentCapability.RESERVATION_REFINEMENT,
];

function addAgent(allocator: LiveAllocator, id: string, total: Resource[], region = 'here'): void {
  allocator.addAgent({
    id: agentId(id),
    facts: { hostname: id, attributes: [], region },
    capabilities: everyAgentCapability,
    total,
    used: [],
  });
}

function addFramework(
  allocator: LiveAllocator,
  id: string,
  roles: string[],
  more: {
    readonly suppressedRoles?: string[];
    readonly constraints?: OfferConstraints;
    readonly active?: boolean;
  } = {},
): void {
  allocator.addFramework({
    id: frameworkId(id),
    roles,
    suppressedRoles: more.suppressedRoles ?? [],
    capabilities: [
      FrameworkCapability.MULTI_ROLE,
      FrameworkCapability.RESERVATION_REFINEMENT,
      FrameworkCapability.SHARED_RESOURCES,
    ],
    minAllocatable: {},
    constraints: more.constraints,
    active: more.active ?? true,
    used: [],
  });
}

const hostnameIs = (hostname: string): OfferConstraints => ({
  role_constraints: {
    r: {
      groups: [
        {
          attribute_constraints: [
            {
              selector: { pseudoattribute_type: Pseudoattribute.HOSTNAME },
              predicate: { text_matches: { regex: hostname } },
            },
          ],
        },
      ],
    },
  },
});

function listed(batch: OfferBatch): string[] {
  return Array.from({ length: batch.count }, (_, index) =>
    [
      batch.frameworkId(index),
      batch.role(index),
      batch.agentId(index),
      JSON.stringify(batch.resources(index)),
    ].join(' '),
  );
}

/** Gives all offers of a batch back, with a refusal of this length. */
function decline(allocator: LiveAllocator, batch: OfferBatch, refuseSeconds?: number): void {
  const offers = Array.from({ length: batch.count }, (_, index) => ({
    frameworkId: batch.frameworkId(index),
    agentId: batch.agentId(index),
    role: batch.role(index),
    resources: batch.resources(index),
  }));
  for (const offer of offers) {
    allocator.recover({ ...offer, wasUsed: false, refuseSeconds });
  }
}

function populated(seed: number): LiveAllocator {
  const allocator = core.allocator({ ...options, seed });
  allocator.setTime(1000);
  for (let index = 0; index < 40; index++) {
    addAgent(allocator, `a${index}`, [
      cpus(4 + (index % 3)),
      mem(1024),
      ports([31_000, 31_100]),
      ...(index % 4 === 0 ? [reserved(cpus(1), 'r', 'r/x'), mount('/m', 100)] : []),
      ...(index % 5 === 0 ? [volume(reserved(disk(10), 'r'), `v${index}`, true)] : []),
    ]);
  }
  for (let index = 0; index < 12; index++) {
    const role = ['r', 'r/x', 's', '*'][index % 4] as string;
    addFramework(allocator, `f${index}`, [role]);
  }
  allocator.updateQuota('s', { guarantees: { cpus: 20 }, limits: { cpus: 40 } });
  allocator.updateWeights({ r: 2, 's/t': 0.5 });
  decline(allocator, allocator.runBatch(), 4);
  return allocator;
}

/** Three more rounds of a cluster's life. */
function live(allocator: LiveAllocator): string[] {
  const seen: string[] = [];
  for (let round = 2; round < 9; round++) {
    allocator.setTime(round * 1000);
    const batch = allocator.runBatch();
    seen.push(...listed(batch));
    decline(allocator, batch, round % 3);
    if (round === 4) {
      addFramework(allocator, 'late', ['s/t']);
    }
    if (round === 5) {
      addAgent(allocator, 'late', [cpus(8), mem(512), scalar('bandwidth', 5)]);
    }
    if (round === 6) {
      allocator.removeAgent(agentId('a3'));
    }
    seen.push(...listed(allocator.runPending()));
  }
  return seen;
}

describe.each([0, 42])('with seed %i', (seed) => {
  test('a restored state goes on as the saved one', () => {
    const allocator = populated(seed);
    const saved = allocator.save();
    const restored = core.restore(saved);
    expect(restored.total(agentId('a0'))).toEqual(allocator.total(agentId('a0')));
    expect(restored.activeFilters()).toEqual(allocator.activeFilters());
    const life = live(allocator);
    expect(life.length).toBeGreaterThan(50);
    expect(live(restored)).toEqual(life);
    expect(live(core.restore(saved))).toEqual(life);
  });

  test('what happens to a fork leaves the original as it was', () => {
    const allocator = populated(seed);
    const before = allocator.save();
    const fork = allocator.fork();
    live(fork);
    expect(Buffer.compare(before, allocator.save())).toBe(0);
  });

  test('the same calls give the same bytes', () => {
    expect(live(populated(seed))).toEqual(live(populated(seed)));
  });
});

test('shares are the greatest part that is held, and refusals are counted with their ends', () => {
  const allocator = core.allocator(options);
  allocator.setTime(1000);
  addAgent(allocator, 'a', [cpus(4), mem(1000)]);
  addAgent(allocator, 'b', [cpus(4), mem(1000)]);
  addFramework(allocator, 'f', ['r', 'r/x']);
  const [f, g] = [frameworkId('f'), frameworkId('g')];
  expect(allocator.leafShare(f, 'r')).toEqual({ part: 0, resource: undefined, refusals: 0 });
  expect(allocator.leafShare(f, 's')).toBeUndefined();
  expect(allocator.leafShare(g, 'r')).toBeUndefined();
  const batch = allocator.runBatch();
  const roles = Array.from({ length: batch.count }, (_, index) => batch.role(index));
  expect(roles).toEqual(['r', 'r/x']);
  decline(allocator, batch, 60);
  expect(allocator.leafShare(f, 'r')).toMatchObject({ refusals: 1, lastEndMs: 61_000 });
  addFramework(allocator, 'g', ['r', 'r/x'], { suppressedRoles: ['r', 'r/x'] });
  const holding = { frameworkId: g, agentId: agentId('c') };
  allocator.addAgent({
    ...{ id: agentId('c'), facts: { hostname: 'c', attributes: [] }, total: [cpus(4), mem(1000)] },
    capabilities: everyAgentCapability,
    used: [
      { ...holding, role: 'r/x', resources: [mem(750)] },
      { ...holding, role: 'r', resources: [cpus(2)] },
    ],
  });
  expect(allocator.leafShare(g, 'r/x')).toMatchObject({ part: 0.25, resource: 'mem' });
  expect(allocator.roleShare('r')).toEqual({ part: 0.25, resource: 'mem' });
  expect(allocator.roleShare('nobody')).toEqual({ part: 0, resource: undefined });
});

test('bytes that are no saved state are refused', () => {
  expect(() => core.restore(new Uint8Array(3))).toThrow('BAD_ARGUMENT');
  const saved = populated(0).save();
  expect(() => core.restore(saved.subarray(0, saved.length - 1))).toThrow('BAD_ARGUMENT');
  const other = saved.slice();
  other[7] = 99;
  expect(() => core.restore(other)).toThrow('ABI_MISMATCH');
});

describe('explain', () => {
  const a = agentId('a');
  const f = frameworkId('f');

  function cluster(total: Resource[] = [cpus(4), mem(1024)], region = 'here'): LiveAllocator {
    const allocator = core.allocator(options);
    allocator.setTime(1000);
    addAgent(allocator, 'a', total, region);
    return allocator;
  }

  test('says who is offered, and who waits for others', () => {
    const allocator = cluster();
    addFramework(allocator, 'f', ['r']);
    addFramework(allocator, 'g', ['r']);
    addFramework(allocator, 'h', ['z']);
    expect(allocator.explain(f, 'r', a)).toEqual({
      reason: 'offered',
      offer: [cpus(4), mem(1024)],
    });
    const g = allocator.explain(frameworkId('g'), 'r', a);
    expect(g).toEqual({ reason: 'share order', ahead: 1 });
    expect(allocator.explain(frameworkId('h'), 'z', a).ahead).toBe(1);
    expect(allocator.runPending().frameworkId(0)).toBe(f);
    expect(allocator.explain(f, 'r', a)).toEqual({ reason: 'nothing free' });
  });

  test('says what keeps an agent from a framework', () => {
    const allocator = cluster();
    expect(allocator.explain(f, 'r', a).reason).toBe('unknown');
    addFramework(allocator, 'f', ['r', 's'], {
      suppressedRoles: ['s'],
      constraints: hostnameIs('b.*'),
    });
    expect(allocator.explain(f, 'r', a).reason).toBe('offer constraint');
    expect(allocator.explain(f, 's', a).reason).toBe('suppressed');
    addFramework(allocator, 'h', ['h']);
    expect(allocator.explain(f, 'h', a).reason).toBe('not subscribed');
    allocator.deactivateFramework(f);
    expect(allocator.explain(f, 'r', a).reason).toBe('framework inactive');
    allocator.updateWhitelist(['elsewhere']);
    expect(allocator.explain(frameworkId('h'), 'h', a).reason).toBe('not whitelisted');
    allocator.deactivateAgent(a);
    expect(allocator.explain(frameworkId('h'), 'h', a).reason).toBe('agent inactive');
  });

  test('tells of amounts and capabilities', () => {
    const small = cluster([cpus(0.005), mem(16)]);
    addFramework(small, 'f', ['r']);
    expect(small.explain(f, 'r', a).reason).toBe('too small');
    const far = cluster([cpus(4)], 'there');
    addFramework(far, 'f', ['r']);
    expect(far.explain(f, 'r', a).reason).toBe('capability');
    const revocable = cluster([{ ...cpus(4), revocable: {} }]);
    addFramework(revocable, 'f', ['r']);
    expect(revocable.explain(f, 'r', a).reason).toBe('capability');
    const reservedForOther = cluster([reserved(cpus(4), 'other')]);
    addFramework(reservedForOther, 'f', ['r']);
    expect(reservedForOther.explain(f, 'r', a).reason).toBe('nothing free');
  });

  test('tells of refusals, and until when they last', () => {
    const allocator = cluster();
    addFramework(allocator, 'f', ['r']);
    decline(allocator, allocator.runPending(), 60);
    expect(allocator.explain(f, 'r', a)).toEqual({ reason: 'refused', untilMs: 61_000 });
    expect(allocator.activeFilters()).toEqual({ r: 1 });
    allocator.revive(f, []);
    expect(allocator.explain(f, 'r', a).reason).toBe('offered');
    expect(allocator.activeFilters()).toEqual({});
  });

  test('tells of quota', () => {
    const limited = cluster();
    addFramework(limited, 'f', ['r']);
    limited.updateQuota('r', { guarantees: {}, limits: { cpus: 0, mem: 0 } });
    expect(limited.explain(f, 'r', a).reason).toBe('quota limit');
    const heldBack = cluster();
    addFramework(heldBack, 'f', ['r']);
    heldBack.updateQuota('other', { guarantees: { cpus: 4, mem: 1024 }, limits: {} });
    expect(heldBack.explain(f, 'r', a).reason).toBe('quota headroom');
    const guaranteed = cluster();
    addFramework(guaranteed, 'f', ['r']);
    addFramework(guaranteed, 'b', ['b']);
    guaranteed.updateQuota('r', { guarantees: { cpus: 4, mem: 1024 }, limits: {} });
    expect(guaranteed.explain(f, 'r', a).reason).toBe('offered');
    expect(guaranteed.explain(frameworkId('b'), 'b', a).reason).toBe('quota headroom');
  });
});

test('constraints that cannot be compiled are told apart before they are used', () => {
  const allocator = core.allocator(options);
  expect(allocator.constraintsError(hostnameIs('a+'))).toBeUndefined();
  expect(allocator.constraintsError(undefined)).toBeUndefined();
  expect(allocator.constraintsError(hostnameIs('(a'))).toMatch(/^A role r has an invalid/);
  expect(allocator.constraintsError(hostnameIs('(a{100}){10}'))).toMatch(/too (complex|large)/);
  expect(allocator.constraintsError({ role_constraints: { r: {} } })).toMatch(/empty/);
});

test('roles that nothing refers to are forgotten, and their numbers used again', () => {
  const allocator = core.allocator(options);
  allocator.setTime(1000);
  addAgent(allocator, 'a', [cpus(4), reserved(cpus(1), 'kept/below')]);
  addFramework(allocator, 'stays', ['stays/here', 'kept']);
  let bytes = 0;
  for (let index = 0; index < 6000; index++) {
    addFramework(allocator, 'comes', [`made/up-${index}`, `other-${index}`]);
    allocator.removeFramework(frameworkId('comes'));
    if (index === 3000) {
      bytes = allocator.bytes;
    }
  }
  expect(allocator.bytes).toBe(bytes);
  const restored = core.restore(allocator.save());
  for (const one of [allocator, restored]) {
    addFramework(one, 'last', ['made/up-5999', 'kept/below']);
    expect(listed(one.runPending())).toHaveLength(2);
  }
});

test('kinds of volumes that have come and gone are given to others, between runs', () => {
  const allocator = core.allocator(options);
  allocator.setTime(1000);
  const total = [cpus(4), mem(1024), reserved(mount('/a', 100), 'r'), reserved(disk(100), 'r')];
  addAgent(allocator, 'a', total);
  addFramework(allocator, 'f', ['r']);
  const a = agentId('a');
  let bytes = 0;
  for (let index = 0; index < 20_000; index++) {
    const volumes = [volume(reserved(disk(1), 'r'), `v${index}`)];
    const { CREATE, DESTROY } = Offer_Operation_Type;
    assert.ok(allocator.updateAvailable(a, { type: CREATE, create: { volumes } }).ok);
    decline(allocator, allocator.runPending());
    decline(allocator, allocator.runBatch());
    assert.ok(allocator.updateAvailable(a, { type: DESTROY, destroy: { volumes } }).ok);
    if (index === 10_000) {
      bytes = allocator.bytes;
    }
  }
  expect(allocator.bytes).toBe(bytes);
  expect(core.algebra.equal(allocator.total(a), total)).toBe(true);
  expect(core.algebra.equal(allocator.free(a), total)).toBe(true);
  expect(listed(allocator.runBatch())).toHaveLength(1);
});

test('a framework trades thousands of roles for others without looking for each among all', () => {
  const allocator = core.allocator(options);
  const roles = (prefix: string) => Array.from({ length: 30_000 }, (_, at) => `${prefix}${at}`);
  addAgent(allocator, 'a', [cpus(4), mem(4096)]);
  addFramework(allocator, 'f', roles('a'));
  for (const prefix of ['b', 'c']) {
    allocator.updateFramework(frameworkId('f'), {
      roles: roles(prefix),
      suppressedRoles: [],
      capabilities: [FrameworkCapability.MULTI_ROLE],
      minAllocatable: {},
    });
  }
  expect(allocator.runBatch().role(0)).toBe('c0');
});

test('leaves of many roles go in any order, and those that are left are found', () => {
  const allocator = core.allocator(options);
  addAgent(allocator, 'a', [cpus(4), mem(4096)]);
  const update = (id: string, roles: string[]) =>
    allocator.updateFramework(frameworkId(id), {
      roles,
      suppressedRoles: [],
      capabilities: [FrameworkCapability.MULTI_ROLE],
      minAllocatable: {},
    });
  const roles = ['a', 'b', 'c', 'd', 'e'];
  for (const id of ['f', 'g', 'h']) {
    addFramework(allocator, id, roles);
  }
  update('g', ['a', 'c', 'e']);
  update('f', ['b', 'c']);
  update('h', ['e', 'a']);
  update('g', ['c', 'b']);
  for (const role of roles) {
    for (const [id, own] of [
      ['f', 'bc'],
      ['g', 'bc'],
      ['h', 'ae'],
    ] as const) {
      const { reason } = allocator.explain(frameworkId(id), role, agentId('a'));
      expect([id, role, reason !== 'not subscribed']).toEqual([id, role, own.includes(role)]);
    }
  }
});

test('a role may have a name that every object has a value for', () => {
  const allocator = core.allocator(options);
  const roles = ['constructor', 'toString', 'valueOf/of'];
  addAgent(allocator, 'a', [cpus(4), mem(4096)]);
  addFramework(allocator, 'f', roles);
  for (const each of [core.restore(allocator.save()), allocator.fork(), allocator]) {
    expect(listed(each.runBatch())).toHaveLength(1);
  }
});
