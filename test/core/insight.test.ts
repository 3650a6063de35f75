// EXPLAIN and PLAN, as the core answers them on copies of an allocator.
import { describe, expect, test } from 'vitest';
import { answerInsight } from '../../src/core/insight/insight.ts';
import type {
  ExplainQuestion,
  LiveAllocator,
  PlanQuestion,
  Quota,
} from '../../src/core/interface.ts';
import {
  AgentInfo_Capability_Type as AgentCapability,
  type Attribute,
  FrameworkInfo_Capability_Type as FrameworkCapability,
  type OfferConstraints,
  PlanChange_Type,
  OfferExplanation_Reason as Reason,
  type Resource,
  Value_Type,
} from '../../src/model/generated/messages.ts';
import { type AgentId, agentId, frameworkId } from '../../src/model/ids.ts';
import { loadCore } from './load.ts';
import { cpus, mem } from './resources.ts';

const core = await loadCore();

const rack = (value: string): Attribute => ({
  name: 'rack',
  type: Value_Type.TEXT,
  text: { value },
});

function addAgent(
  allocator: LiveAllocator,
  id: string,
  total: Resource[],
  attributes: Attribute[] = [],
): AgentId {
  allocator.addAgent({
    id: agentId(id),
    facts: { hostname: id, attributes },
    capabilities: [AgentCapability.MULTI_ROLE, AgentCapability.HIERARCHICAL_ROLE],
    total,
    used: [],
  });
  return agentId(id);
}

function addFramework(
  allocator: LiveAllocator,
  id: string,
  roles: string[],
  constraints?: OfferConstraints,
) {
  allocator.addFramework({
    id: frameworkId(id),
    roles,
    suppressedRoles: [],
    capabilities: [FrameworkCapability.MULTI_ROLE],
    minAllocatable: {},
    constraints,
    active: true,
    used: [],
  });
  return frameworkId(id);
}

/** Agents a0 … of 4 cpus and 1,024 MB. */
function clusterOf(agents: number): LiveAllocator {
  const allocator = core.allocator();
  allocator.setTime(1_000);
  for (let index = 0; index < agents; index++) {
    addAgent(allocator, `a${index}`, [cpus(4), mem(1024)]);
  }
  return allocator;
}

function explain(allocator: LiveAllocator, more: Partial<ExplainQuestion> = {}) {
  const saved = allocator.save();
  const answer = answerInsight(core, saved, {
    kind: 'explain',
    nowMs: 1_000,
    frameworkId: frameworkId('f'),
    roles: ['r'],
    onOffer: {},
    quotas: {},
    ...more,
  });
  expect(allocator.save()).toEqual(saved);
  if (answer.kind !== 'explain') {
    throw new Error('another answer');
  }
  return answer.explanation;
}

const groupsOf = (allocator: LiveAllocator, more: Partial<ExplainQuestion> = {}) =>
  explain(allocator, more).roles?.[0]?.groups ?? [];

describe('an explanation', () => {
  test('groups agents by reason, the largest group first', () => {
    const allocator = clusterOf(3);
    addAgent(allocator, 'b', [cpus(0.001), mem(1)]);
    addFramework(allocator, 'f', ['r']);
    allocator.deactivateAgent(agentId('a1'));
    expect(groupsOf(allocator).map(({ reason, agents }) => [reason, agents])).toEqual([
      [Reason.OFFERED, 2],
      [Reason.AGENT_INACTIVE, 1],
      [Reason.TOO_SMALL, 1],
    ]);
    expect(groupsOf(allocator)[0]?.examples).toEqual([{ value: 'a0' }, { value: 'a2' }]);
  });

  test('names twenty agents of a group, and counts all', () => {
    const allocator = clusterOf(30);
    addFramework(allocator, 'f', ['r']);
    const [group] = groupsOf(allocator);
    expect(group?.agents).toBe(30);
    expect(group?.examples).toHaveLength(20);
  });

  test('names the roles for which there was no time, or which are too many', () => {
    const allocator = clusterOf(1);
    const many = Array.from({ length: 102 }, (_, index) => `r${index}`);
    addFramework(allocator, 'f', many);
    const { roles, roles_left } = explain(allocator, { roles: many });
    expect([roles?.length, roles_left]).toEqual([100, ['r100', 'r101']]);
    const question = { kind: 'explain', nowMs: 0, frameworkId: frameworkId('f') } as const;
    const asked = { ...question, roles: ['r0', 'r1', 'r2'], onOffer: {}, quotas: {} };
    let looks = 0;
    const answer = answerInsight(core, allocator.save(), asked, () => ++looks < 2);
    expect(answer).toMatchObject({
      explanation: { roles: [{ role: 'r0' }, { role: 'r1' }], roles_left: ['r2'] },
    });
  });

  test('is about the agents that are named', () => {
    const allocator = clusterOf(5);
    addFramework(allocator, 'f', ['r']);
    const { agents, roles } = explain(allocator, { agentIds: [agentId('a3')] });
    expect([agents, roles?.[0]?.groups?.[0]?.examples]).toEqual([1, [{ value: 'a3' }]]);
  });

  test('tells when the first and the last refusal end', () => {
    const allocator = clusterOf(2);
    const f = addFramework(allocator, 'f', ['r']);
    const batch = allocator.runBatch();
    const offers = [0, 1].map((index) => ({
      frameworkId: f,
      agentId: batch.agentId(index),
      role: 'r',
      resources: batch.resources(index),
      wasUsed: false,
      refuseSeconds: 10 * (index + 1),
    }));
    for (const offer of offers) {
      allocator.recover(offer);
    }
    expect(groupsOf(allocator)).toMatchObject([
      {
        reason: Reason.REFUSED,
        agents: 2,
        earliest_end: { nanoseconds: 11_000_000_000n },
        latest_end: { nanoseconds: 21_000_000_000n },
      },
    ]);
  });

  test('tells how many go first', () => {
    const allocator = clusterOf(1);
    addFramework(allocator, 'a', ['a']);
    addFramework(allocator, 'f', ['r']);
    expect(groupsOf(allocator)).toMatchObject([
      { reason: Reason.SHARE_ORDER, fewest_ahead: 1, most_ahead: 1 },
    ]);
  });

  test('tells of the limits of the role, and what is consumed', () => {
    const allocator = clusterOf(1);
    addFramework(allocator, 'f', ['r']);
    const quota: Quota = { guarantees: {}, limits: { cpus: 4, mem: 1024 } };
    allocator.updateQuota('r', quota);
    expect(allocator.runBatch().count).toBe(1);
    addAgent(allocator, 'late', [cpus(4), mem(1024)]);
    const groups = groupsOf(allocator, { quotas: { r: quota } });
    expect(groups.find(({ reason }) => reason === Reason.QUOTA_LIMIT)?.quotas).toEqual([
      { role: 'r', resource: 'cpus', limit: 4, consumed: 4 },
      { role: 'r', resource: 'mem', limit: 1024, consumed: 1024 },
    ]);
  });

  test('tells of the guarantees of others that are held back for', () => {
    const allocator = clusterOf(1);
    addFramework(allocator, 'f', ['r']);
    const quota: Quota = { guarantees: { cpus: 4, mem: 1024 }, limits: {} };
    allocator.updateQuota('other', quota);
    expect(groupsOf(allocator, { quotas: { other: quota } })).toMatchObject([
      {
        reason: Reason.QUOTA_HEADROOM,
        quotas: [
          { role: 'other', resource: 'cpus', guarantee: 4, consumed: 0 },
          { role: 'other', resource: 'mem', guarantee: 1024, consumed: 0 },
        ],
      },
    ]);
  });

  test('tells which capabilities are lacking', () => {
    const allocator = clusterOf(0);
    addAgent(allocator, 'gpus', [cpus(4), { ...cpus(1), name: 'gpus' }]);
    addAgent(allocator, 'spot', [{ ...cpus(4), revocable: {} }]);
    addFramework(allocator, 'f', ['r']);
    expect(groupsOf(allocator)).toMatchObject([
      {
        reason: Reason.CAPABILITY,
        agents: 2,
        capabilities: [
          FrameworkCapability.REVOCABLE_RESOURCES,
          FrameworkCapability.GPU_RESOURCES,
        ].toSorted((a, b) => a - b),
      },
    ]);
  });

  test('tells which constraints agents do not fit', () => {
    const allocator = clusterOf(0);
    addAgent(allocator, 'near', [cpus(4)], [rack('r1')]);
    addAgent(allocator, 'far', [cpus(4)], [rack('r2')]);
    addAgent(allocator, 'bare', [cpus(4)]);
    const is = (value: string) => ({
      selector: { attribute_name: 'rack' },
      predicate: { text_equals: { value } },
    });
    const exists = { selector: { attribute_name: 'rack' }, predicate: { exists: {} } };
    addFramework(allocator, 'f', ['r'], {
      role_constraints: { r: { groups: [{ attribute_constraints: [exists, is('r1')] }] } },
    });
    const group = groupsOf(allocator).find(({ reason }) => reason === Reason.OFFER_CONSTRAINT);
    expect(group).toMatchObject({
      agents: 2,
      constraints: [
        { constraint: is('r1'), agents: 2 },
        { constraint: exists, agents: 1 },
      ],
    });
  });

  test('tells whether a demand fits', () => {
    const allocator = clusterOf(1);
    addAgent(allocator, 'big', [cpus(16), mem(8192)]);
    addAgent(allocator, 'thin', [cpus(16), mem(64)]);
    addAgent(allocator, 'spot', [{ ...cpus(64), revocable: {} }, mem(8192)]);
    addFramework(allocator, 'f', ['r']);
    const demand = { cpus: 8, mem: 512 };
    expect(explain(allocator, { demand }).roles?.[0]?.fit).toEqual({
      offered: 1,
      examples: [{ value: 'big' }],
      lacking: [
        { resource: 'cpus', agents: 2, most: 4, examples: [{ value: 'a0' }, { value: 'spot' }] },
        { resource: 'mem', agents: 1, most: 64, examples: [{ value: 'thin' }] },
      ],
      possible: 1,
      impossible: 3,
      impossible_by: [
        { resource: 'cpus', agents: 2, most: 4, examples: [{ value: 'a0' }, { value: 'spot' }] },
        { resource: 'mem', agents: 1, most: 64, examples: [{ value: 'thin' }] },
      ],
    });
  });

  test('tells which limits of the role leave less than the demand', () => {
    const allocator = clusterOf(2);
    const quota: Quota = { guarantees: {}, limits: { cpus: 3, mem: 4096, disk: 1 } };
    allocator.updateQuota('r', quota);
    addFramework(allocator, 'f', ['r']);
    const quotas = { r: quota };
    const demand = { cpus: 3.001, mem: 4096 };
    expect(explain(allocator, { demand, quotas }).roles?.[0]?.fit?.quotas).toEqual([
      { role: 'r', resource: 'cpus', limit: 3, consumed: 0 },
    ]);
    const less = { cpus: 3, mem: 4096, disk: 1 };
    expect(explain(allocator, { demand: less, quotas }).roles?.[0]?.fit).not.toHaveProperty(
      'quotas',
    );
  });
});

describe('a plan', () => {
  function plan(allocator: LiveAllocator, more: Partial<PlanQuestion>) {
    const saved = allocator.save();
    const question = { kind: 'plan' as const, changes: [], quotas: {}, weights: {}, ...more };
    const answer = answerInsight(core, saved, question);
    expect(allocator.save()).toEqual(saved);
    expect(answerInsight(core, saved, question)).toEqual(answer);
    if (answer.kind !== 'plan') {
      throw new Error('another answer');
    }
    return answer;
  }

  /** Two agents; f, in the role r, has a task of a cpu on the first, and offers of the rest. */
  function busy() {
    const allocator = clusterOf(2);
    const f = addFramework(allocator, 'f', ['r']);
    allocator.runBatch();
    allocator.launch({ frameworkId: f, agentId: agentId('a0'), role: 'r', resources: [cpus(1)] });
    return { allocator, f };
  }

  const amounts = (cpu: number, memory: number) => ({
    cpus: { value: cpu },
    mem: { value: memory },
  });

  test('of nothing is the cluster as it is, when all has been offered', () => {
    const { allocator } = busy();
    const { before, after } = plan(allocator, {});
    expect(after).toEqual(before);
    expect(before).toMatchObject({
      agents: 2,
      capacity: amounts(8, 2048),
      allocated: { cpus: { value: 1 } },
      offered: amounts(7, 2048),
      roles: [
        { role: 'r', weight: 1, allocated: { cpus: { value: 1 } }, offered: amounts(7, 2048) },
      ],
      frameworks: [
        {
          framework_id: { value: 'f' },
          role: 'r',
          allocated: { cpus: { value: 1 } },
          offered: amounts(7, 2048),
          offered_agents: 2,
        },
      ],
      runs: 2,
      settled: true,
    });
  });

  test('drains agents: what ran there is gone, and it is offered no more', () => {
    const { allocator } = busy();
    const { after } = plan(allocator, {
      changes: [
        { type: PlanChange_Type.DRAIN_AGENTS, drain_agents: { agent_ids: [{ value: 'a0' }] } },
      ],
    });
    expect(after).toMatchObject({
      agents: 1,
      capacity: amounts(4, 1024),
      offered: amounts(4, 1024),
    });
    expect(after).not.toHaveProperty('allocated');
  });

  test('adds agents', () => {
    const { allocator } = busy();
    const add_agents = { count: 3, resources: [cpus(2), mem(512)], attributes: [rack('new')] };
    const { after } = plan(allocator, {
      changes: [{ type: PlanChange_Type.ADD_AGENTS, add_agents }],
    });
    expect(after).toMatchObject({ agents: 5, capacity: amounts(14, 3584) });
    expect(after.frameworks?.[0]?.offered_agents).toBe(5);
  });

  test('sets quotas, and says which guarantees are not met, and cannot be', () => {
    const { allocator } = busy();
    const quota_configs = [
      { role: 'r', limits: { cpus: { value: 2 } } },
      { role: 's', guarantees: { cpus: { value: 9 } } },
    ];
    const { before, after } = plan(allocator, {
      changes: [{ type: PlanChange_Type.SET_QUOTAS, set_quotas: { quota_configs } }],
    });
    expect(before.roles?.map(({ role }) => role)).toEqual(['r']);
    expect(after.roles).toMatchObject([
      { role: 'r', limits: { cpus: { value: 2 } } },
      { role: 's', guarantees: { cpus: { value: 9 } } },
    ]);
    expect(after.unmet_guarantees).toEqual([
      { role: 's', resource: 'cpus', guarantee: 9, held: 0 },
    ]);
    expect(after.uncovered).toEqual([{ resource: 'cpus', guaranteed: 9, capacity: 8 }]);
  });

  test('sets weights, by which roles share', () => {
    const allocator = clusterOf(8);
    addFramework(allocator, 'f', ['r']);
    addFramework(allocator, 'g', ['s']);
    const { before, after } = plan(allocator, {
      changes: [
        {
          type: PlanChange_Type.SET_WEIGHTS,
          set_weights: { weight_infos: [{ role: 's', weight: 3 }] },
        },
      ],
    });
    const agentsOf = ({ frameworks }: typeof after) =>
      frameworks?.map(({ offered_agents }) => offered_agents);
    expect(agentsOf(before)).toEqual([4, 4]);
    expect(agentsOf(after)).toEqual([2, 6]);
    expect(after.roles?.find(({ role }) => role === 's')?.weight).toBe(3);
  });

  test('says that nothing is offered because of the pause after an election', () => {
    const allocator = core.allocator();
    allocator.setTime(1_000);
    allocator.recoverQuotas(10, { r: { guarantees: { cpus: 1 }, limits: {} } });
    addAgent(allocator, 'a', [cpus(4)]);
    addFramework(allocator, 'f', ['r']);
    const { after } = plan(allocator, {});
    expect(after).toMatchObject({ paused: true, capacity: { cpus: { value: 4 } } });
    expect(after).not.toHaveProperty('offered');
    expect(explain(allocator).paused).toBe(true);
  });

  test('removes a framework', () => {
    const { allocator } = busy();
    const remove_framework = { framework_id: { value: 'f' } };
    const { after } = plan(allocator, {
      changes: [{ type: PlanChange_Type.REMOVE_FRAMEWORK, remove_framework }],
    });
    expect(after).not.toHaveProperty('frameworks');
    expect(after).not.toHaveProperty('allocated');
    expect(after.capacity).toEqual(amounts(8, 2048));
  });

  test('takes changes in their order', () => {
    const { allocator } = busy();
    const drain = {
      type: PlanChange_Type.DRAIN_AGENTS,
      drain_agents: { agent_ids: [{ value: 'a0' }, { value: 'a1' }] },
    };
    const add = {
      type: PlanChange_Type.ADD_AGENTS,
      add_agents: { count: 1, resources: [cpus(2), mem(512)] },
    };
    expect(plan(allocator, { changes: [drain, add] }).after).toMatchObject({
      agents: 1,
      capacity: amounts(2, 512),
    });
  });
});

test('names that every object has a value for are names like others', () => {
  const allocator = clusterOf(1);
  addFramework(allocator, 'f', ['constructor']);
  const explained = explain(allocator, { roles: ['constructor'], demand: { toString: 1 } });
  expect(explained.roles?.[0]).toMatchObject({ role: 'constructor', on_offer: 0 });
  expect(explained.roles?.[0]?.fit?.impossible_by).toMatchObject([
    { resource: 'toString', most: 0 },
  ]);
});
