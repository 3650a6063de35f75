// EXPLAIN and PLAN at a master: who may ask what, who waits, and that nothing changes.
import { expect, test } from 'vitest';
import type { MasterState } from '../../src/master/master.ts';
import { copyState, stateDifference } from '../../src/master/state-copy.ts';
import {
  type MasterCall,
  MasterCall_Type,
  OfferExplanation_Reason,
  type PlanChange,
  PlanChange_Type,
} from '../../src/model/generated/messages.ts';
import type { Action } from '../../src/security/authorizer.ts';
import { cluster, type FakeFramework, resources, type World } from './harness.ts';

const explainCall = (framework: FakeFramework, more: object = {}): MasterCall => ({
  type: MasterCall_Type.EXPLAIN,
  explain: { framework_id: { value: framework.id }, ...more },
});
const planCall = (...changes: PlanChange[]): MasterCall => ({
  type: MasterCall_Type.PLAN,
  plan: { changes },
});
const drain = (...ids: string[]): PlanChange => ({
  type: PlanChange_Type.DRAIN_AGENTS,
  drain_agents: { agent_ids: ids.map((value) => ({ value })) },
});
const quotaOf = (role: string, cpus: number): PlanChange => ({
  type: PlanChange_Type.SET_QUOTAS,
  set_quotas: { quota_configs: [{ role, guarantees: { cpus: { value: cpus } } }] },
});

/** An authorizer that denies an action of one object, or of all. */
const denying = (denied: Action, object?: string) => ({
  authorize: (_: unknown, action: Action, of?: { readonly value?: string | undefined }) =>
    action !== denied || (object !== undefined && of?.value !== object),
});

/** What a master decides and shows, without its clock and what it is asked. */
function settled({ master }: World): MasterState {
  const state = copyState(master);
  return Object.assign(state, { insights: undefined, nowMs: 0 });
}

test('a framework is told why it is offered what it is', () => {
  const { world, agent, framework } = cluster();
  world.agent({ pid: 'slave(1)@10.0.0.3:5051', hostname: 'node3' });
  framework.launch(framework.offer(), { task_id: { value: 't' }, resources: resources('cpus:4') });
  const explanation = world.ask(explainCall(framework))?.explain;
  expect(explanation).toMatchObject({ agents: 2, paused: false });
  const [role] = explanation?.roles ?? [];
  expect(role).toMatchObject({ role: 'dev', on_offer: 1 });
  expect(role?.groups?.map(({ reason }) => reason).toSorted()).toEqual([
    OfferExplanation_Reason.OFFERED,
    OfferExplanation_Reason.NOTHING_FREE,
  ]);
  const one = world.ask(explainCall(framework, { agent_ids: [{ value: agent.id }] }))?.explain;
  expect(one?.agents).toBe(1);
});

test('a framework is told what it has done with its offers', () => {
  const { world, framework } = cluster();
  const answers = () => world.ask(explainCall(framework))?.explain?.answers;
  expect(answers()).toMatchObject({ accepted: 0, declined: 0 });
  framework.call('DECLINE', { decline: { offer_ids: [framework.offer().id] } });
  expect(answers()).toMatchObject({ accepted: 0, declined: 1 });
});

test('what cannot be asked is refused, with what is wrong', () => {
  const { world, framework } = cluster();
  const refused = (call: MasterCall, text: string) =>
    expect(world.operate(call)).toEqual({ status: 400, text });
  const nobody = { type: MasterCall_Type.EXPLAIN, explain: { framework_id: { value: 'x' } } };
  refused(nobody, 'No framework found with specified ID');
  refused(
    explainCall(framework, { agent_ids: [{ value: 'x' }] }),
    "No registered agent found with ID 'x'",
  );
  refused(
    explainCall(framework, { demand: { cpus: { value: -1 } } }),
    "Invalid demand of 'cpus': Negative values not supported",
  );
  refused(planCall(drain('x')), "Invalid change 0: No registered agent found with ID 'x'");
  refused(
    planCall({ type: PlanChange_Type.ADD_AGENTS }),
    "Invalid change 0: Expecting 'add_agents' to be present",
  );
  refused(
    planCall(quotaOf('a', 1), quotaOf('a/b', 1)),
    "Invalid change 1: Updating quota on nested role 'a/b' is not supported yet",
  );
  refused(
    planCall({ type: PlanChange_Type.ADD_AGENTS, add_agents: { count: 20_001 } }),
    'The changes add 20001 agents, which is more than 20000',
  );
  expect(world.operate({ type: MasterCall_Type.PLAN })).toMatchObject({ status: 400 });
});

test('a plan tells which tasks end, and what is left', () => {
  const { world, agent, framework } = cluster();
  framework.launch(framework.offer(), { task_id: { value: 't' }, resources: resources('cpus:1') });
  const plan = world.ask(planCall(drain(agent.id)))?.plan;
  expect(plan?.ending_tasks).toEqual([
    { framework_id: { value: framework.id }, tasks: 1, examples: [{ value: 't' }] },
  ]);
  expect(plan?.before).toMatchObject({ agents: 1, allocated: { cpus: { value: 1 } } });
  expect(plan?.after).toMatchObject({ agents: 0 });
  expect(plan?.after).not.toHaveProperty('capacity');
});

test('a plan tells which limits the roles exceed already', () => {
  const { world, framework } = cluster();
  framework.launch(framework.offer(), { task_id: { value: 't' }, resources: resources('cpus:2') });
  const limit = (cpus: number): PlanChange => ({
    type: PlanChange_Type.SET_QUOTAS,
    set_quotas: { quota_configs: [{ role: 'dev', limits: { cpus: { value: cpus } } }] },
  });
  expect(world.ask(planCall(limit(1)))?.plan?.exceeded).toEqual([
    { role: 'dev', resource: 'cpus', limit: 1, consumed: 2 },
  ]);
  expect(world.ask(planCall(limit(2)))?.plan).not.toHaveProperty('exceeded');
});

test('explaining and planning change nothing', () => {
  const { world, agent, framework } = cluster();
  framework.launch(framework.offer(), { task_id: { value: 't' }, resources: resources('cpus:1') });
  world.computesAtOnce = false;
  const before = settled(world);
  const remove: PlanChange = {
    type: PlanChange_Type.REMOVE_FRAMEWORK,
    remove_framework: { framework_id: { value: framework.id } },
  };
  const add: PlanChange = {
    type: PlanChange_Type.ADD_AGENTS,
    add_agents: { count: 2, resources: resources('cpus:1;mem:64;licenses:3') },
  };
  world.operate(planCall(drain(agent.id), quotaOf('dev', 1), remove, add));
  world.compute();
  world.operate(explainCall(framework, { demand: { cpus: { value: 1 } } }));
  world.compute();
  expect(stateDifference(before, settled(world))).toBeUndefined();
  world.computesAtOnce = true;
  expect(world.ask(planCall(drain(agent.id)))?.plan).toEqual(
    world.ask(planCall(drain(agent.id)))?.plan,
  );
});

test('one is computed at a time, in turn, and only so many wait', () => {
  const { world, framework } = cluster();
  world.computesAtOnce = false;
  const requests = Array.from({ length: 10 }, (_, index) => {
    const request = world.nextRequest();
    const origin = `10.9.0.${index % 3}`;
    const call = explainCall(framework);
    world.dispatch({ type: 'operatorCall', request, origin, call });
    return request;
  });
  expect(world.computations).toHaveLength(1);
  const statuses = () =>
    requests.map((request) => {
      const answer = world.answer(request);
      return answer?.type === 'reply' ? answer.status : answer?.type;
    });
  expect(statuses()).toEqual([...new Array(9).fill(undefined), 503]);
  world.compute();
  expect(statuses().slice(0, 2)).toEqual(['respond', undefined]);
  for (let turn = 0; turn < 8; turn++) {
    expect(world.computations).toHaveLength(1);
    world.compute();
  }
  expect(statuses()).toEqual([...new Array(9).fill('respond'), 503]);
});

/** Asks, each in the name of a principal, without computing anything. */
function askers(world: World, framework: FakeFramework) {
  world.computesAtOnce = false;
  return {
    ask: (value: string) => {
      const request = world.nextRequest();
      const call = explainCall(framework);
      world.dispatch({ type: 'operatorCall', request, principal: { value }, call });
      return request;
    },
    hangUp: (request: ReturnType<World['nextRequest']>) =>
      world.dispatch({ type: 'askerGone', request }),
  };
}

test('principals take turns, whoever asks how much', () => {
  const { world, framework } = cluster();
  const { ask } = askers(world, framework);
  const [a1, a2, a3, a4] = [ask('a'), ask('a'), ask('a'), ask('a')];
  const [b1, b2] = [ask('b'), ask('b')];
  const c1 = ask('c');
  const order: string[] = [];
  const names = new Map(Object.entries({ a1, a2, a3, a4, b1, b2, c1 }).map(([k, v]) => [v, k]));
  while (world.computations.length > 0) {
    world.compute();
    const done = [...names].filter(([request]) => world.answer(request) !== undefined);
    for (const [request, name] of done) {
      names.delete(request);
      order.push(name);
    }
  }
  expect(order).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3', 'a4']);
  expect(world.master.insights.turns.size).toBe(1);
});

test('who has most questions loses the newest to who has fewer', () => {
  const { world, framework } = cluster();
  const { ask } = askers(world, framework);
  ask('z');
  const all = ['a', 'a', 'a', 'a', 'b', 'b', 'b', 'b'].map(ask);
  expect(all.map((request) => world.answer(request))).toEqual(new Array(8).fill(undefined));
  const c = ask('c');
  expect(world.answer(c)).toBeUndefined();
  expect(all.map((request) => world.answer(request)?.type)).toEqual([
    ...new Array(3).fill(undefined),
    'reply',
    ...new Array(4).fill(undefined),
  ]);
  const others = ['c', 'c', 'c'].map(ask);
  expect(others.map((request) => world.answer(request)?.type)).toEqual([
    undefined,
    'reply',
    'reply',
  ]);
});

test('what nobody waits for is given up, and holds up nobody', () => {
  const { world, framework } = cluster();
  const { ask, hangUp } = askers(world, framework);
  const [first, second, third] = [ask('a'), ask('a'), ask('a')];
  hangUp(second);
  expect(world.answer(second)).toMatchObject({ status: 503 });
  hangUp(first);
  hangUp(second);
  expect(world.givenUp).toEqual([1]);
  // Its turn ends when it has been given up.
  expect(world.answer(first)).toBeUndefined();
  world.compute();
  world.compute();
  expect(world.answer(third)?.type).toBe('respond');
  hangUp(third);
  expect(world.computations).toEqual([]);
});

test('one address does not take all places', () => {
  const { world, framework } = cluster();
  world.computesAtOnce = false;
  const ask = (origin: string) => {
    const request = world.nextRequest();
    world.dispatch({ type: 'operatorCall', request, origin, call: explainCall(framework) });
    return request;
  };
  const own = Array.from({ length: 6 }, () => ask('10.9.0.1'));
  expect(own.map((request) => world.answer(request)?.type)).toEqual([
    ...new Array(5).fill(undefined),
    'reply',
  ]);
  expect(world.answer(ask('10.9.0.2'))).toBeUndefined();
});

test('a question whose framework has gone while it waited is refused', () => {
  const { world, framework } = cluster();
  world.computesAtOnce = false;
  world.operate(explainCall(framework));
  const request = world.nextRequest();
  world.dispatch({ type: 'operatorCall', request, call: explainCall(framework) });
  const teardown = { framework_id: { value: framework.id } };
  world.operate({ type: MasterCall_Type.TEARDOWN, teardown });
  world.compute();
  expect(world.answer(request)).toMatchObject({ status: 400 });
  expect(world.computations).toEqual([]);
});

test('a computation that fails is answered, and the next one begins', () => {
  const { world, framework } = cluster();
  world.computesAtOnce = false;
  const ask = () => {
    const request = world.nextRequest();
    world.dispatch({ type: 'operatorCall', request, call: explainCall(framework) });
    return request;
  };
  const [first, second] = [ask(), ask()];
  const failure = { status: 503 as const, text: 'It takes too long' };
  const [{ computation } = { computation: 0 }] = world.computations.splice(0);
  world.dispatch({ type: 'computed', computation, outcome: { failure } });
  expect(world.answer(first)).toMatchObject(failure);
  world.dispatch({ type: 'computed', computation, outcome: { failure } });
  expect(world.answer(second)).toBeUndefined();
  world.compute();
  expect(world.answer(second)?.type).toBe('respond');
});

test('a framework, role or quota that may not be viewed does not show', () => {
  const { world: blind, framework } = cluster({ authorizer: denying('VIEW_FRAMEWORK') });
  expect(blind.operate(explainCall(framework))).toMatchObject({ status: 400 });
  const plan = blind.ask(planCall(quotaOf('dev', 2)))?.plan;
  expect(plan?.before.frameworks).toBeUndefined();
  expect(plan?.after.roles?.map(({ role }) => role)).toEqual(['dev']);
  const { world: roleless, framework: other } = cluster({
    authorizer: denying('VIEW_ROLE', 'dev'),
  });
  expect(roleless.ask(explainCall(other))?.explain?.roles).toBeUndefined();
  expect(roleless.operate(planCall(quotaOf('dev', 9)))).toEqual({
    status: 403,
    text: "The role 'dev' may not be viewed",
  });
  const hidden = roleless.ask(planCall())?.plan?.after;
  expect(hidden).toHaveProperty('capacity');
  expect([hidden?.roles, hidden?.frameworks, hidden?.unmet_guarantees, hidden?.uncovered]).toEqual(
    new Array(4).fill(undefined),
  );
  const { world: figureless, agent } = cluster({
    authorizer: {
      authorize: (_, action) => action !== 'VIEW_ROLE' && action !== 'GET_ENDPOINT_WITH_PATH',
    },
  });
  const unsummed = figureless.ask(planCall(drain(agent.id)))?.plan?.before;
  expect(Object.keys(unsummed ?? {}).sort()).toEqual(['agents', 'paused', 'runs', 'settled']);
  const { world: unquoted } = cluster({ authorizer: denying('GET_QUOTA') });
  const after = unquoted.ask(planCall(quotaOf('dev', 9)))?.plan?.after;
  expect(after?.roles?.[0]).not.toHaveProperty('guarantees');
  expect([after?.unmet_guarantees, after?.uncovered]).toEqual([undefined, undefined]);
});

test('quotas that may not be viewed are not among what keeps a framework from offers', () => {
  const quotasShown = (action: Action) => {
    const { world, framework } = cluster({ authorizer: denying(action) });
    const quota_configs = [{ role: 'dev', limits: { cpus: { value: 0 }, mem: { value: 0 } } }];
    world.operate({
      type: MasterCall_Type.UPDATE_QUOTA,
      update_quota: { quota_configs, force: true },
    });
    const [group] = world.ask(explainCall(framework))?.explain?.roles?.[0]?.groups ?? [];
    expect(group?.reason).toBe(OfferExplanation_Reason.QUOTA_LIMIT);
    return group?.quotas?.map(({ role }) => role);
  };
  expect(quotasShown('GET_QUOTA')).toEqual([]);
  expect(quotasShown('GET_FLAGS' as Action)).toEqual(['dev', 'dev']);
});

test('limits below a demand are told to who may view quotas', () => {
  const shown = (action: Action) => {
    const { world, framework } = cluster({ authorizer: denying(action) });
    const quota_configs = [{ role: 'dev', limits: { cpus: { value: 1 } } }];
    world.operate({
      type: MasterCall_Type.UPDATE_QUOTA,
      update_quota: { quota_configs, force: true },
    });
    const call = explainCall(framework);
    const demand = { cpus: { value: 2 } };
    const asked = { ...call, explain: { ...call.explain, demand } };
    return world
      .ask(asked as MasterCall)
      ?.explain?.roles?.[0]?.fit?.quotas?.map(({ role }) => role);
  };
  expect(shown('GET_QUOTA')).toBeUndefined();
  expect(shown('GET_FLAGS' as Action)).toEqual(['dev']);
});

test('tasks that may not be viewed are not counted among those that end', () => {
  const { world, agent, framework } = cluster({ authorizer: denying('VIEW_TASK') });
  framework.launch(framework.offer(), { task_id: { value: 't' }, resources: resources('cpus:1') });
  expect(world.ask(planCall(drain(agent.id)))?.plan).not.toHaveProperty('ending_tasks');
});
