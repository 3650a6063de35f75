// What operators change: weights, quotas, maintenance, draining; and what they watch.
import { expect, test } from 'vitest';
import type { Viewer } from '../../src/master/views.ts';
import {
  DrainState,
  FrameworkInfo_Capability_Type,
  MasterCall_Type,
  MasterEvent_Type,
  Offer_Operation_Type,
  OperationState,
  Resource_ReservationInfo_Type,
  TaskState,
} from '../../src/model/generated/messages.ts';
import { cluster, resources, viewer, World } from './harness.ts';

test('new weights are stored first, and take offers of roles in use back', () => {
  const { world, framework } = cluster();
  const update = (role: string, weight: number) =>
    world.operate({
      type: MasterCall_Type.UPDATE_WEIGHTS,
      update_weights: { weight_infos: [{ role, weight }] },
    });
  expect(update('idle', 2)).toMatchObject({ status: 200 });
  expect(framework.events('RESCIND')).toEqual([]);
  expect(update('dev', 3)).toMatchObject({ status: 200 });
  expect(framework.events('RESCIND')).toHaveLength(1);
  expect(update('dev', 0)).toMatchObject({ status: 400 });
  expect(update('-x', 1)).toMatchObject({ status: 400 });
  expect(world.views.weights(viewer)).toEqual([
    { role: 'idle', weight: 2 },
    { role: 'dev', weight: 3 },
  ]);
  expect(world.restart().views.weights(viewer)).toHaveLength(2);
});

test('a quota is refused whole, kept over a restart, and limits what is offered', () => {
  const world = new World();
  world.agent();
  const update = (...configs: object[]) =>
    world.operate({
      type: MasterCall_Type.UPDATE_QUOTA,
      update_quota: { quota_configs: configs as [] },
    });
  const cpus = (value: number) => ({ cpus: { value } });
  expect(update({ role: 'a', guarantees: cpus(1) }, { role: 'b', guarantees: cpus(50) })).toEqual({
    status: 400,
    text:
      "Invalid QuotaConfig: total quota guarantees 'cpus:51' exceed cluster capacity" +
      " 'cpus:4; disk:8192; mem:4096' (use 'force' flag to bypass this check)",
  });
  expect(update({ role: 'a/b', guarantees: cpus(1) })).toMatchObject({ status: 400 });
  expect(update({ role: 'a', guarantees: cpus(2), limits: cpus(1) })).toMatchObject({
    status: 400,
  });
  expect(update({ role: 'dev', limits: cpus(2) })).toMatchObject({ status: 200 });
  const framework = world.framework();
  world.allocate();
  const offered = framework.offer().resources?.find(({ name }) => name === 'cpus');
  expect(offered?.scalar?.value).toBe(2);
  const kept = world.restart().read({ type: MasterCall_Type.GET_QUOTA }).get_quota?.status;
  expect(kept?.configs).toEqual([{ role: 'dev', limits: { cpus: { value: 2 } } }]);
  const remove = (role: string) =>
    world.operate({ type: MasterCall_Type.REMOVE_QUOTA, remove_quota: { role } });
  expect(remove('dev')).toMatchObject({ status: 200 });
  expect(remove('dev')).toMatchObject({ status: 400 });
});

const machine = { hostname: 'node2', ip: '10.0.0.2' };
const schedule = (machines: object[]) => ({
  type: MasterCall_Type.UPDATE_MAINTENANCE_SCHEDULE,
  update_maintenance_schedule: {
    schedule: {
      windows:
        machines.length === 0
          ? []
          : [{ machine_ids: machines, unavailability: { start: { nanoseconds: 1000n } } }],
    },
  },
});

test('a scheduled machine gives inverse offers, and goes down only when it is scheduled', () => {
  const { world, agent, framework } = cluster({}, { checkpoint: true, failover_timeout: 60 });
  framework.launch(framework.offer(), 't1');
  world.allocate();
  const down = { type: MasterCall_Type.START_MAINTENANCE, start_maintenance: {} };
  const machines = [machine];
  expect(world.operate({ ...down, start_maintenance: { machines } })).toMatchObject({
    status: 400,
  });
  expect(world.operate(schedule(machines))).toMatchObject({ status: 200 });
  expect(framework.events('RESCIND')).toHaveLength(1);
  world.allocate();
  const [inverse] = framework.events('INVERSE_OFFERS');
  const [offer] = inverse?.inverse_offers?.inverse_offers ?? [];
  expect(offer?.agent_id?.value).toBe(agent.id);
  expect(framework.offer().unavailability).toEqual({ start: { nanoseconds: 1000n } });
  framework.call('ACCEPT_INVERSE_OFFERS', {
    accept_inverse_offers: { inverse_offer_ids: offer === undefined ? [] : [offer.id] },
  });
  const status = () => world.read({ type: MasterCall_Type.GET_MAINTENANCE_STATUS });
  expect(status().get_maintenance_status?.status.draining_machines).toMatchObject([
    { id: machine, statuses: [{ framework_id: { value: framework.id } }] },
  ]);
  expect(world.operate({ ...down, start_maintenance: { machines } })).toMatchObject({
    status: 200,
  });
  expect(agent.sent('ShutdownMessage')).toHaveLength(1);
  expect(framework.statuses('t1').at(-1)?.state).toBe(TaskState.TASK_LOST);
  agent.register();
  expect(agent.sent('ShutdownMessage')).toHaveLength(2);
  expect(world.operate(schedule([]))).toMatchObject({ status: 400 });
  const up = { type: MasterCall_Type.STOP_MAINTENANCE, stop_maintenance: { machines } };
  expect(world.operate(up)).toMatchObject({ status: 200 });
  agent.register();
  expect(agent.sent('ShutdownMessage')).toHaveLength(2);
  expect(agent.id).not.toBe('');
});

test('a drained agent is told, emptied, kept out of offers, and brought back by hand', () => {
  const { world, agent, framework } = cluster({}, { checkpoint: true, failover_timeout: 60 });
  framework.launch(framework.offer(), 't1');
  const id = { agent_id: { value: agent.id } };
  const drain = { type: MasterCall_Type.DRAIN_AGENT, drain_agent: id };
  expect(world.operate(drain)).toMatchObject({ status: 200 });
  expect(agent.sent('DrainAgentMessage')).toHaveLength(1);
  const reactivate = { type: MasterCall_Type.REACTIVATE_AGENT, reactivate_agent: id };
  expect(world.operate(reactivate)).toMatchObject({ status: 400 });
  const uuid = agent.update(framework, 't1', TaskState.TASK_KILLED);
  framework.acknowledge(agent, 't1', uuid);
  const drained = () => world.read({ type: MasterCall_Type.GET_AGENTS }).get_agents?.agents?.[0];
  expect(drained()).toMatchObject({
    active: false,
    deactivated: true,
    drain_info: { state: DrainState.DRAINED },
  });
  world.allocate();
  expect(framework.offers()).toHaveLength(1);
  expect(world.operate(reactivate)).toMatchObject({ status: 200 });
  world.allocate();
  expect(framework.offers()).toHaveLength(2);
  expect(drained()?.drain_info).toBeUndefined();
});

test('an agent is not drained before it has told how its operations ended', () => {
  const { world, agent, framework } = cluster();
  const reservations = [{ type: Resource_ReservationInfo_Type.DYNAMIC, role: 'dev' }];
  const reserved = resources('cpus:1').map((it) => ({ ...it, reservations }));
  const reserve = { type: Offer_Operation_Type.RESERVE, reserve: { resources: reserved } };
  framework.accept([framework.offer()], [reserve]);
  const drain_agent = { agent_id: { value: agent.id } };
  world.operate({ type: MasterCall_Type.DRAIN_AGENT, drain_agent });
  const state = () =>
    world.read({ type: MasterCall_Type.GET_AGENTS }).get_agents?.agents?.[0]?.drain_info?.state;
  expect(state()).toBe(DrainState.DRAINING);
  const [operation] = agent.sent('ApplyOperationMessage');
  const status = { state: OperationState.OPERATION_FINISHED, uuid: { value: world.uuid() } };
  agent.send('UpdateOperationStatusMessage', {
    framework_id: { value: framework.id },
    agent_id: { value: agent.id },
    status,
    latest_status: status,
    operation_uuid: operation?.operation_uuid ?? { value: new Uint8Array(16) },
  });
  agent.send('UpdateAgentMessage', { agent_id: { value: agent.id } });
  expect(state()).toBe(DrainState.DRAINED);
});

test('a drain with mark_gone ends with the agent gone, also when it comes late', () => {
  const { world, agent, framework } = cluster(
    {},
    {
      capabilities: [
        { type: FrameworkInfo_Capability_Type.MULTI_ROLE },
        { type: FrameworkInfo_Capability_Type.PARTITION_AWARE },
      ],
    },
  );
  framework.launch(framework.offer(), 't1');
  const drain_agent = { agent_id: { value: agent.id }, mark_gone: true };
  world.operate({ type: MasterCall_Type.DRAIN_AGENT, drain_agent });
  expect(world.disk.snapshot().gone.length).toBe(0);
  const uuid = agent.update(framework, 't1', TaskState.TASK_GONE_BY_OPERATOR);
  framework.acknowledge(agent, 't1', uuid);
  expect(world.disk.snapshot().gone.some(({ id }) => id === agent.id)).toBe(true);
  expect(agent.sent('ShutdownMessage')).toHaveLength(1);
});

test('draining survives a restart of the master', () => {
  const { world, agent } = cluster();
  const drain_agent = { agent_id: { value: agent.id } };
  // A task keeps the agent busy, so that it is not drained at once.
  world.master.agents.registered
    .values()
    .next()
    .value?.tasks.set('x' as never, new Map());
  world.operate({ type: MasterCall_Type.DRAIN_AGENT, drain_agent });
  const next = world.restart();
  next.dispatch({
    type: 'agentMessage',
    from: agent.pid,
    message: {
      name: 'ReregisterAgentMessage',
      body: {
        agent: { ...agent.info(), id: { value: agent.id } },
        version: '1.11.0',
        agent_capabilities: [],
      },
    },
  });
  expect(next.sentTo(agent.pid, 'DrainAgentMessage')).toHaveLength(1);
});

test('of too many subscribers one of the principal with most goes, its oldest', () => {
  const world = new World({ maxOperatorStreams: 3 });
  const subscribe = (value: string) =>
    world.operate({ type: MasterCall_Type.SUBSCRIBE }, { value });
  const streams = () => [...world.master.subscribers.keys()];
  subscribe('ops');
  const [ofOps] = streams();
  for (let i = 0; i < 10; i++) {
    const [, oldest] = streams();
    subscribe('eve');
    expect(streams()[0]).toBe(ofOps);
    expect(oldest !== undefined && streams().includes(oldest)).toBe(i === 1);
  }
  subscribe('web');
  expect([...world.master.subscribers.values()].map(({ principal }) => principal?.value)).toEqual([
    'ops',
    'eve',
    'web',
  ]);
});

test('subscribers get the state, then what happens; the oldest goes when there are too many', () => {
  const world = new World({ maxOperatorStreams: 1 });
  const subscribe = () => world.operate({ type: MasterCall_Type.SUBSCRIBE });
  expect(subscribe()).toEqual({ status: 200 });
  const agent = world.agent();
  const framework = world.framework();
  world.allocate();
  framework.launch(framework.offer(), 't1');
  agent.update(framework, 't1', TaskState.TASK_RUNNING);
  framework.call('TEARDOWN');
  agent.send('UnregisterAgentMessage', { agent_id: { value: agent.id } });
  expect(world.operatorEvents.map(({ type }) => type)).toEqual([
    MasterEvent_Type.SUBSCRIBED,
    MasterEvent_Type.HEARTBEAT,
    MasterEvent_Type.AGENT_ADDED,
    MasterEvent_Type.FRAMEWORK_ADDED,
    MasterEvent_Type.TASK_ADDED,
    MasterEvent_Type.TASK_UPDATED,
    MasterEvent_Type.TASK_UPDATED,
    MasterEvent_Type.FRAMEWORK_REMOVED,
    MasterEvent_Type.AGENT_REMOVED,
  ]);
  subscribe();
  expect(world.closed.size).toBe(2);
  world.advance(15_000);
  expect(world.operatorEvents.at(-1)?.type).toBe(MasterEvent_Type.HEARTBEAT);
});

test('reads leave out what the viewer may not see', () => {
  const { world, agent, framework } = cluster();
  framework.launch(framework.offer(), 't1');
  agent.update(framework, 't1', TaskState.TASK_RUNNING);
  const blind = (action: string) => ({
    authorizer: { authorize: (_: unknown, asked: string) => asked !== action },
  });
  const tasks = (action: string) =>
    world.views.read({ type: MasterCall_Type.GET_TASKS }, blind(action))?.get_tasks?.tasks;
  expect(tasks('VIEW_ROLE')).toHaveLength(1);
  expect(tasks('VIEW_TASK')).toEqual([]);
  expect(tasks('VIEW_FRAMEWORK')).toEqual([]);
  const roles = world.views.roles(blind('VIEW_ROLE')) as { roles: unknown[] };
  expect(roles.roles).toEqual([]);
});

const isLazy = (it: unknown): it is Iterable<unknown> =>
  typeof it === 'object' && it !== null && Symbol.iterator in it;

test('limits, and resources that a task had too little of, are hidden with its role', () => {
  const blind = {
    authorize: (_: unknown, asked: string) => asked !== 'VIEW_ROLE',
  };
  const world = new World({ authorizer: blind });
  world.operate({ type: MasterCall_Type.SUBSCRIBE });
  const agent = world.agent();
  const framework = world.framework();
  world.allocate();
  const offer = framework.offer();
  framework.launch(offer, { task_id: { value: 't' }, limits: { mem: { value: 777 } } });
  const uuid = agent.update(framework, 't', TaskState.TASK_FAILED, {
    limitation: {
      resources: resources('mem:777').map((it) => ({ ...it, allocation_info: { role: 'dev' } })),
    },
  });
  framework.acknowledge(agent, 't', uuid);
  const text = (value: unknown) =>
    JSON.stringify(value, (_, it: unknown) =>
      typeof it === 'bigint' ? String(it) : isLazy(it) ? [...it] : it,
    );
  const shown = (by: Viewer) =>
    text([
      world.views.read({ type: MasterCall_Type.GET_TASKS }, by),
      world.views.tasks(by, {}),
      world.views.state(by),
    ]);
  expect(shown(viewer).match(/777/g)?.length).toBeGreaterThanOrEqual(4);
  expect(shown({ authorizer: blind })).not.toContain('777');
  expect(world.operatorEvents.map(({ type }) => type)).toContain(MasterEvent_Type.TASK_UPDATED);
  expect(text(world.operatorEvents)).not.toContain('777');
});

test('of tasks and agents those are told of that a word may mean, and no more than asked for', () => {
  const { world, framework, agent } = cluster();
  world.agent({ pid: 'slave(1)@10.0.0.3:5051', hostname: 'other' });
  for (const id of ['web-1', 'web-2', 'job-1']) {
    framework.launch(framework.offer(), id);
    world.allocate();
  }
  const tasks = (get_tasks: object) =>
    world
      .read({ type: MasterCall_Type.GET_TASKS, get_tasks })
      .get_tasks?.tasks?.map(({ task_id }) => task_id.value);
  expect(tasks({})).toEqual(['web-1', 'web-2', 'job-1']);
  expect(tasks({ word: 'web' })).toEqual(['web-1', 'web-2']);
  expect(tasks({ word: '1' })).toEqual(['web-1', 'job-1']);
  expect(tasks({ word: 'web', limit: 1 })).toEqual(['web-1']);
  expect(tasks({ word: 'eb' })).toEqual([]);
  const agents = (get_agents: object) =>
    world.read({ type: MasterCall_Type.GET_AGENTS, get_agents }).get_agents?.agents ?? [];
  const ids = (get_agents: object) => agents(get_agents).map(({ agent_info }) => agent_info.id);
  expect(ids({ word: 'oth' })).toHaveLength(1);
  expect(ids({ word: agent.id })).toEqual([{ value: agent.id }]);
  expect(ids({ limit: 1 })).toHaveLength(1);
  const holding = (get_agents: object) =>
    agents(get_agents).filter((each) => each.allocated_resources !== undefined).length;
  expect([holding({}), holding({ totals_only: true })]).toEqual([1, 0]);
  const [whole, bare] = [{}, { infos_only: true }].map(
    (get_frameworks) =>
      world.read({ type: MasterCall_Type.GET_FRAMEWORKS, get_frameworks }).get_frameworks
        ?.frameworks?.[0],
  );
  expect(bare?.framework_info).toEqual(whole?.framework_info);
  expect([whole, bare].map((each) => each && 'allocated_resources' in each)).toEqual([true, false]);
});
