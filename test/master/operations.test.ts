// Reservations and volumes, by frameworks in ACCEPT and by operators, and what agents are told.
import { expect, test } from 'vitest';
import {
  AgentInfo_Capability_Type,
  FrameworkInfo_Capability_Type,
  MasterCall_Type,
  type Offer_Operation,
  Offer_Operation_Type,
  type Operation,
  OperationState,
  type Resource,
  Resource_ReservationInfo_Type,
  TaskState,
  Volume_Mode,
} from '../../src/model/generated/messages.ts';
import { cluster, launchOf, resources, World } from './harness.ts';

const capabilities = [
  { type: FrameworkInfo_Capability_Type.MULTI_ROLE },
  { type: FrameworkInfo_Capability_Type.RESERVATION_REFINEMENT },
  { type: FrameworkInfo_Capability_Type.SHARED_RESOURCES },
];
const reservation = { type: Resource_ReservationInfo_Type.DYNAMIC, role: 'dev' };
const reserved = (text: string): Resource[] =>
  resources(text).map((it) => ({ ...it, reservations: [reservation] }));
const volume = (id: string, mb: number, more: Partial<Resource> = {}): Resource => ({
  ...(reserved(`disk:${mb}`)[0] as Resource),
  disk: { persistence: { id }, volume: { mode: Volume_Mode.RW, container_path: 'data' } },
  ...more,
});

const reserve = (list: Resource[], id?: string): Offer_Operation => ({
  type: Offer_Operation_Type.RESERVE,
  ...(id !== undefined && { id: { value: id } }),
  reserve: { resources: list },
});
const unreserve = (list: Resource[]): Offer_Operation => ({
  type: Offer_Operation_Type.UNRESERVE,
  unreserve: { resources: list },
});
const create = (...volumes: Resource[]): Offer_Operation => ({
  type: Offer_Operation_Type.CREATE,
  create: { volumes },
});
const destroy = (...volumes: Resource[]): Offer_Operation => ({
  type: Offer_Operation_Type.DESTROY,
  destroy: { volumes },
});

const amount = (list: readonly Resource[] | undefined, name: string, isReserved: boolean) =>
  (list ?? [])
    .filter((it) => it.name === name && (it.reservations?.length ?? 0) > 0 === isReserved)
    .reduce((sum, { scalar }) => sum + (scalar?.value ?? 0), 0);

test('reserve, then unreserve: the next offers show it', () => {
  const { world, framework } = cluster({}, { capabilities });
  framework.accept([framework.offer()], [reserve(reserved('cpus:1;mem:128'))]);
  world.allocate();
  expect(amount(framework.offer().resources, 'cpus', true)).toBe(1);
  expect(amount(framework.offer().resources, 'cpus', false)).toBe(3);
  framework.accept([framework.offer()], [unreserve(reserved('cpus:1;mem:128'))]);
  world.allocate();
  expect(amount(framework.offer().resources, 'cpus', true)).toBe(0);
  expect(amount(framework.offer().resources, 'cpus', false)).toBe(4);
});

test('reserve, create and launch in one ACCEPT reach the agent in this order', () => {
  const { world, agent, framework } = cluster({}, { capabilities });
  const data = volume('v1', 64);
  const offer = framework.offer();
  framework.accept(
    [offer],
    [
      reserve(reserved('disk:64;cpus:1;mem:64')),
      create(data),
      launchOf(offer, { resources: [...reserved('cpus:1;mem:64'), data] }),
    ],
  );
  const names = world.toAgents.map(({ message }) => message.name);
  expect(names.slice(-3)).toEqual([
    'ApplyOperationMessage',
    'ApplyOperationMessage',
    'RunTaskMessage',
  ]);
  expect(framework.statuses()).toEqual([]);
  const total = world.read({ type: MasterCall_Type.GET_AGENTS }).get_agents?.agents?.[0];
  expect(amount(total?.total_resources, 'disk', true)).toBe(64);
  // Resources in use can be neither destroyed nor unreserved.
  world.allocate();
  framework.accept([framework.offer()], [destroy(data)]);
  expect(world.logs.at(-1)).toContain('Persistent volumes in use');
  agent.update(framework, 'task', TaskState.TASK_FINISHED);
  world.allocate();
  framework.accept([framework.offer()], [destroy(data)]);
  const after = world.read({ type: MasterCall_Type.GET_AGENTS }).get_agents?.agents?.[0];
  expect(after?.total_resources?.some(({ disk }) => disk?.persistence !== undefined)).toBe(false);
});

test('an operation that does not fit is dropped, those after it are not', () => {
  const { world, framework } = cluster({}, { capabilities });
  framework.accept(
    [framework.offer()],
    [reserve(reserved('cpus:100')), reserve(reserved('mem:128'))],
  );
  world.allocate();
  expect(amount(framework.offer().resources, 'cpus', true)).toBe(0);
  expect(amount(framework.offer().resources, 'mem', true)).toBe(128);
});

test('bodies of other types than the operation’s say nothing', () => {
  const results = [
    {},
    { launch: {}, ...unreserve(reserved('cpus:2')), ...create(volume('v', 8)) },
  ].map((others) => {
    const { agent, framework, world } = cluster({}, { capabilities });
    const [cpus] = resources('cpus:1');
    const old = { ...(cpus as Resource), role: 'dev', reservation: {} };
    framework.accept([framework.offer()], [{ ...others, ...reserve([old]) }]);
    world.allocate();
    return [agent.sent('ApplyOperationMessage').map((it) => it.operation_info), framework.offers()];
  });
  expect(results[1]).toEqual(results[0]);
  expect(results[0]?.[0]).toHaveLength(1);
});

test('an operation of an unknown type is refused by its id, those after it are not', () => {
  const { world, framework } = cluster({}, { capabilities });
  const unknown = { id: { value: 'op1' } };
  framework.accept([framework.offer()], [unknown, reserve(reserved('mem:128'))]);
  expect(framework.last('UPDATE_OPERATION_STATUS')?.update_operation_status?.status).toMatchObject({
    operation_id: { value: 'op1' },
    state: OperationState.OPERATION_ERROR,
    message: 'Unknown type of operation',
  });
  world.allocate();
  expect(amount(framework.offer().resources, 'mem', true)).toBe(128);
});

test('an operation whose agent reports for ever keeps its last hundred statuses', () => {
  const { world, agent, framework } = cluster({}, { capabilities });
  framework.accept([framework.offer()], [reserve(reserved('cpus:1'), 'op1')]);
  const [apply] = agent.sent('ApplyOperationMessage');
  for (let count = 0; count < 150; count++) {
    agent.send('UpdateOperationStatusMessage', {
      framework_id: { value: framework.id },
      agent_id: { value: agent.id },
      status: {
        state: OperationState.OPERATION_PENDING,
        uuid: { value: world.uuid() },
        message: String(count),
      },
      ...(apply && { operation_uuid: apply.operation_uuid }),
    });
  }
  const [operation] =
    world.read({ type: MasterCall_Type.GET_OPERATIONS }).get_operations?.operations ?? [];
  expect(operation?.statuses).toHaveLength(100);
  expect(operation?.statuses?.at(-1)?.message).toBe('149');
});

test('an operation with an id gets feedback until it is acknowledged', () => {
  const { world, agent, framework } = cluster({}, { capabilities });
  framework.accept([framework.offer()], [reserve(reserved('cpus:1'), 'op1')]);
  const [apply] = agent.sent('ApplyOperationMessage');
  const operations = () => world.read({ type: MasterCall_Type.GET_OPERATIONS }).get_operations;
  expect(operations()?.operations?.[0]?.latest_status.state).toBe(OperationState.OPERATION_PENDING);
  const uuid = world.uuid();
  agent.send('UpdateOperationStatusMessage', {
    framework_id: { value: framework.id },
    agent_id: { value: agent.id },
    status: { state: OperationState.OPERATION_FINISHED, uuid: { value: uuid } },
    ...(apply && { operation_uuid: apply.operation_uuid }),
  });
  expect(framework.last('UPDATE_OPERATION_STATUS')?.update_operation_status?.status).toMatchObject({
    operation_id: { value: 'op1' },
    state: OperationState.OPERATION_FINISHED,
    uuid: { value: uuid },
  });
  framework.call('ACKNOWLEDGE_OPERATION_STATUS', {
    acknowledge_operation_status: {
      agent_id: { value: agent.id },
      operation_id: { value: 'op1' },
      uuid,
    },
  });
  expect(agent.sent('AcknowledgeOperationStatusMessage')).toHaveLength(1);
  expect(operations()?.operations).toBeUndefined();
});

test('an operation of an earlier master that comes late calls its agent back', () => {
  const { world, agent, framework } = cluster({}, { capabilities });
  const recalls = () => agent.sent('PingAgentMessage').filter(({ connected }) => !connected);
  const uuid = { value: world.uuid() };
  const latest_status = {
    operation_id: { value: 'late' },
    state: OperationState.OPERATION_FINISHED,
    agent_id: { value: agent.id },
    uuid: { value: world.uuid() },
  };
  const report = () =>
    agent.send('UpdateOperationStatusMessage', {
      framework_id: { value: framework.id },
      agent_id: { value: agent.id },
      operation_uuid: uuid,
      status: latest_status,
    });
  const list = (operations: Operation[]) =>
    agent.send('UpdateAgentMessage', {
      agent_id: { value: agent.id },
      update_oversubscribed_resources: false,
      operations: { operations },
    });
  // The agent's list may be slightly out of date.
  report();
  expect(recalls()).toEqual([]);
  list([]);
  report();
  report();
  expect(recalls()).toHaveLength(1);
  agent.reregister({ checkpointed_resources: reserved('cpus:1') });
  report();
  list([
    {
      framework_id: { value: framework.id },
      agent_id: { value: agent.id },
      info: reserve(reserved('cpus:1'), 'late'),
      latest_status,
      statuses: [latest_status],
      uuid,
    },
  ]);
  report();
  framework.call('ACKNOWLEDGE_OPERATION_STATUS', {
    acknowledge_operation_status: {
      agent_id: { value: agent.id },
      operation_id: { value: 'late' },
      uuid: latest_status.uuid.value,
    },
  });
  expect(agent.sent('AcknowledgeOperationStatusMessage')).toHaveLength(1);
  // The update was repeated, or the acknowledgement is lost.
  report();
  expect(agent.sent('AcknowledgeOperationStatusMessage')).toHaveLength(2);
  expect(recalls()).toHaveLength(1);
  world.allocate();
  expect(amount(framework.offer().resources, 'cpus', true)).toBe(1);
});

test.each([
  ['that it was dropped, as agents of Apache Mesos say', OperationState.OPERATION_DROPPED],
  ['its end once more', OperationState.OPERATION_FINISHED],
])(
  'an operation whose end is known ends as it did when its agent, without it, tells %s',
  (_, told) => {
    const { world, agent, framework } = cluster({}, { capabilities });
    framework.accept([framework.offer()], [reserve(reserved('cpus:1'), 'op1')]);
    const operation_uuid = agent.sent('ApplyOperationMessage')[0]?.operation_uuid ?? {
      value: new Uint8Array(),
    };
    agent.send('UpdateOperationStatusMessage', {
      framework_id: { value: framework.id },
      agent_id: { value: agent.id },
      status: { state: OperationState.OPERATION_FINISHED, uuid: { value: world.uuid() } },
      operation_uuid,
    });
    agent.send('UpdateOperationStatusMessage', {
      agent_id: { value: agent.id },
      status: { state: told },
      operation_uuid,
    });
    const last = framework.last('UPDATE_OPERATION_STATUS')?.update_operation_status?.status;
    expect(last).toMatchObject({
      operation_id: { value: 'op1' },
      state: OperationState.OPERATION_FINISHED,
    });
    // It needs no acknowledgement, since no agent waits for one.
    expect(last?.uuid).toBeUndefined();
    const left = world.read({ type: MasterCall_Type.GET_OPERATIONS }).get_operations?.operations;
    expect(left).toBeUndefined();
  },
);

test('an agent that told what it has before an operation came is asked again after it', () => {
  const { world, agent, framework } = cluster({}, { capabilities });
  framework.accept([framework.offer()], [reserve(reserved('cpus:1'), 'op1')]);
  agent.reregister();
  const recalls = () => agent.sent('PingAgentMessage').filter(({ connected }) => !connected);
  expect(recalls()).toEqual([]);
  agent.send('UpdateOperationStatusMessage', {
    framework_id: { value: framework.id },
    agent_id: { value: agent.id },
    operation_uuid: agent.sent('ApplyOperationMessage')[0]?.operation_uuid ?? {
      value: new Uint8Array(),
    },
    status: { state: OperationState.OPERATION_FINISHED, uuid: { value: world.uuid() } },
  });
  expect(recalls()).toHaveLength(1);
  agent.reregister({ checkpointed_resources: reserved('cpus:1') });
  world.allocate();
  expect(amount(framework.offer().resources, 'cpus', true)).toBe(1);
});

test('news of an operation waits for a framework that may come, and for no other', () => {
  const world = new World();
  const agent = world.agent();
  const knownMs = world.nowMs;
  const [framework, other] = [world.framework({ capabilities }), world.framework()];
  framework.call('TEARDOWN');
  const news = (owner?: string) => {
    const uuid = { value: world.uuid() };
    const status = {
      operation_id: { value: 'op' },
      state: OperationState.OPERATION_FINISHED,
      uuid: { value: world.uuid() },
    };
    const of = owner === undefined ? {} : { framework_id: { value: owner } };
    const operation: Operation = {
      ...of,
      agent_id: { value: agent.id },
      info: reserve(reserved('cpus:1'), 'op'),
      latest_status: { operation_id: { value: 'op' }, state: OperationState.OPERATION_PENDING },
      statuses: [],
      uuid,
    };
    agent.send('UpdateAgentMessage', {
      agent_id: { value: agent.id },
      update_oversubscribed_resources: false,
      operations: { operations: [operation] },
    });
    const before = agent.sent('AcknowledgeOperationStatusMessage').length;
    agent.send('UpdateOperationStatusMessage', {
      ...of,
      agent_id: { value: agent.id },
      operation_uuid: uuid,
      status,
    });
    return agent.sent('AcknowledgeOperationStatusMessage').length - before;
  };
  expect(news('never seen')).toBe(0);
  expect(news(), 'of an operator').toBe(1);
  expect(news(framework.id), 'torn down').toBe(1);
  world.advance(knownMs + 599_999 - world.nowMs);
  expect(news('never seen')).toBe(0);
  world.advance(1);
  expect(news('never seen')).toBe(1);
  expect(news(other.id), 'one that is there').toBe(0);
});

test('without an id the master acknowledges by itself', () => {
  const { world, agent, framework } = cluster({}, { capabilities });
  framework.accept([framework.offer()], [reserve(reserved('cpus:1'))]);
  const [apply] = agent.sent('ApplyOperationMessage');
  agent.send('UpdateOperationStatusMessage', {
    agent_id: { value: agent.id },
    status: { state: OperationState.OPERATION_FINISHED, uuid: { value: world.uuid() } },
    ...(apply && { operation_uuid: apply.operation_uuid }),
  });
  expect(framework.events('UPDATE_OPERATION_STATUS')).toEqual([]);
  expect(agent.sent('AcknowledgeOperationStatusMessage')).toHaveLength(1);
});

test('an agent without operations hears the whole of what it must keep', () => {
  const world = new World();
  const agent = world.agent({
    capabilities: [
      { type: AgentInfo_Capability_Type.MULTI_ROLE },
      { type: AgentInfo_Capability_Type.HIERARCHICAL_ROLE },
      { type: AgentInfo_Capability_Type.RESERVATION_REFINEMENT },
    ],
  });
  const framework = world.framework({ capabilities });
  world.allocate();
  framework.accept([framework.offer()], [reserve(reserved('cpus:1'))]);
  expect(agent.sent('CheckpointResourcesMessage').at(-1)?.resources).toMatchObject([
    { name: 'cpus', scalar: { value: 1 }, reservations: [reservation] },
  ]);
});

test('an operator takes what was offered, and only as much as is there', () => {
  const { world, agent, framework } = cluster({}, { capabilities });
  const reserveCall = (list: Resource[]) => ({
    type: MasterCall_Type.RESERVE_RESOURCES,
    reserve_resources: { agent_id: { value: agent.id }, resources: list },
  });
  expect(world.operate(reserveCall(reserved('cpus:2')))).toMatchObject({ status: 202 });
  expect(framework.events('RESCIND')).toHaveLength(1);
  expect(world.operate(reserveCall(reserved('cpus:3')))).toMatchObject({ status: 409 });
  expect(world.operate(reserveCall(resources('cpus:1')))).toMatchObject({ status: 400 });
  const nobody = { agent_id: { value: 'nobody' }, resources: reserved('cpus:1') };
  expect(world.operate({ ...reserveCall([]), reserve_resources: nobody })).toMatchObject({
    status: 400,
    text: 'No agent found with specified ID',
  });
});

test('a shared volume serves two tasks of one ACCEPT and counts once', () => {
  const { world, agent, framework } = cluster({}, { capabilities });
  const data = volume('v1', 64, { shared: {} });
  const offer = framework.offer();
  const task = (id: string) => ({
    task_id: { value: id },
    resources: [...resources('cpus:1;mem:64'), data],
  });
  framework.accept(
    [offer],
    [reserve(reserved('disk:64')), create(data), launchOf(offer, task('a'), task('b'))],
  );
  expect(framework.statuses()).toEqual([]);
  expect(agent.sent('RunTaskMessage')).toHaveLength(2);
  for (const id of ['a', 'b']) {
    agent.update(framework, id, TaskState.TASK_FINISHED);
  }
  world.allocate();
  const metrics = world.views.metrics(world.nowMs);
  expect(metrics['master/disk_total']).toBe(8192);
  expect(metrics['master/disk_used']).toBe(0);
});

test('a shared volume that is destroyed is offered to nobody any more', () => {
  const { world, agent, framework } = cluster({}, { capabilities });
  const data = volume('v1', 64, { shared: {} });
  const offer = framework.offer();
  const launch = launchOf(offer, {
    task_id: { value: 't1' },
    resources: [...resources('cpus:1;mem:64'), data],
  });
  framework.accept([offer], [reserve(reserved('disk:64')), create(data), launch], 3600);
  const other = world.framework({ capabilities });
  world.allocate();
  // What the task gives back is offered with the volume, too.
  agent.update(framework, 't1', TaskState.TASK_FINISHED);
  framework.call('REVIVE');
  world.allocate();
  const holds = (one: typeof framework) =>
    one.offer().resources?.some(({ disk }) => disk?.persistence?.id === 'v1');
  expect([framework.offers().length, holds(framework), holds(other)]).toEqual([2, true, true]);
  framework.accept([framework.offer()], [destroy(data)], 3600);
  const rescinded = other.events('RESCIND').map(({ rescind }) => rescind?.offer_id);
  expect(rescinded).toEqual([other.offers()[0]?.id]);
});

test.each([
  ['removed', undefined],
  ['marked gone', OperationState.OPERATION_GONE_BY_OPERATOR],
] as const)('operations end with their agent, which is %s', (fate, told) => {
  const { world, agent, framework } = cluster({}, { capabilities });
  framework.accept([framework.offer()], [reserve(reserved('cpus:1'), 'op-1')]);
  const agent_id = { value: agent.id };
  if (fate === 'removed') {
    agent.send('UnregisterAgentMessage', { agent_id });
  } else {
    world.operate({ type: MasterCall_Type.MARK_AGENT_GONE, mark_agent_gone: { agent_id } });
  }
  const heard = framework
    .events('UPDATE_OPERATION_STATUS')
    .map(({ update_operation_status }) => update_operation_status?.status.state);
  expect(heard).toEqual(told === undefined ? [] : [told]);
  const { get_operations } = world.read({ type: MasterCall_Type.GET_OPERATIONS });
  expect(get_operations?.operations ?? []).toEqual([]);
  expect(world.views.metrics(world.nowMs)['master/operations/pending']).toBe(0);
  expect(world.master.frameworks.registered.values().next().value?.operations.size).toBe(0);
});
