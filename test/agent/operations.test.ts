import { describe, expect, test } from 'vitest';
import {
  ExecutorEvent_Type,
  type Offer_Operation,
  Offer_Operation_Type,
  OperationState,
  type Resource,
  Resource_DiskInfo_Source_Type,
  Resource_ReservationInfo_Type,
  TaskState,
  TaskStatus_Reason,
  Value_Type,
  Volume_Mode,
} from '../../src/model/generated/messages.ts';
import {
  AGENT_ID,
  commandTask,
  executorTask,
  FRAMEWORK,
  frameworkInfo,
  runToEnd,
  scalar,
  status,
  World,
} from './harness.ts';

const operationUuid = { value: new Uint8Array(16).fill(0x41) };

const reserved = (value: number): Resource => ({
  ...scalar('cpus', value),
  reservations: [{ type: Resource_ReservationInfo_Type.DYNAMIC, role: 'kit', principal: 'ops' }],
});

const reserve = (value: number): Offer_Operation => ({
  type: Offer_Operation_Type.RESERVE,
  id: { value: 'op' },
  reserve: { resources: [reserved(value)] },
});

function apply(world: World, operation: Offer_Operation): void {
  world.fromMaster({
    name: 'ApplyOperationMessage',
    body: {
      framework_id: { value: FRAMEWORK },
      operation_info: operation,
      operation_uuid: operationUuid,
      resource_version_uuid: { uuid: world.agent.resourceVersion },
    },
  });
}

describe('an operation', () => {
  test('changes what the agent has, durably, and is reported until that is acknowledged', () => {
    const world = new World();
    world.register();
    world.commitsAtOnce = false;
    apply(world, reserve(1));
    expect(world.sent('UpdateOperationStatusMessage')).toEqual([]);
    world.commit();
    const [update] = world.sent('UpdateOperationStatusMessage');
    expect(update).toMatchObject({
      framework_id: { value: FRAMEWORK },
      agent_id: { value: AGENT_ID },
      status: {
        operation_id: { value: 'op' },
        state: OperationState.OPERATION_FINISHED,
        agent_id: { value: AGENT_ID },
      },
      operation_uuid: operationUuid,
    });
    expect(world.agent.checkpointedResources).toMatchObject([
      { name: 'cpus', scalar: { value: 1 } },
    ]);
    world.commitsAtOnce = true;
    world.pass(10_000);
    const again = world.sent('UpdateOperationStatusMessage');
    expect(again.map(({ status: { uuid } }) => uuid)).toEqual([update?.status.uuid]);
    world.fromMaster({
      name: 'AcknowledgeOperationStatusMessage',
      body: { operation_uuid: operationUuid, status_uuid: update?.status.uuid ?? operationUuid },
    });
    world.fromMaster({ name: 'PingAgentMessage', body: { connected: true } });
    world.pass(60_000);
    expect(world.sent('UpdateOperationStatusMessage')).toEqual([]);
    expect(world.agent.operations.size).toBe(0);
  });

  test('that does not fit is dropped, and the master hears what there is', () => {
    const world = new World();
    world.register();
    apply(world, reserve(5));
    expect(world.sent('UpdateOperationStatusMessage')).toMatchObject([
      { status: { state: OperationState.OPERATION_DROPPED } },
    ]);
    expect(world.agent.checkpointedResources).toEqual([]);
    // The master has converted its account already.
    expect(world.sent('ReregisterAgentMessage')).toMatchObject([{ checkpointed_resources: [] }]);
  });

  test.each([
    ['no number', scalar('cpus', Number.NaN)],
    ['more than can be counted', scalar('cpus', 1e300)],
    ['of a type that is none', { name: 'cpus', type: Value_Type.TEXT }],
    ['without its value', { name: 'cpus', type: Value_Type.RANGES }],
  ])('on a resource that is %s is dropped like one that does not fit', (_, resource) => {
    const world = new World();
    world.register();
    const { reservations } = reserved(1);
    const bad = { ...resource, ...(reservations && { reservations }) };
    apply(world, { type: Offer_Operation_Type.RESERVE, reserve: { resources: [bad] } });
    expect(world.sent('UpdateOperationStatusMessage')).toMatchObject([
      { status: { state: OperationState.OPERATION_DROPPED } },
    ]);
    world.fromMaster({ name: 'CheckpointResourcesMessage', body: { resources: [bad] } });
    expect(world.agent.checkpointedResources).toEqual([]);
  });

  test('survives a restart together with what it has made', () => {
    const before = new World();
    before.register();
    apply(before, reserve(1));
    const world = new World();
    const change = <Type extends string>(type: Type) =>
      before.changes.findLast((candidate) => candidate.type === type);
    const resources = change('resources');
    const operation = change('operation');
    const agent = change('agent');
    world.start({
      agent: agent?.type === 'agent' ? agent.agent : undefined,
      resources: resources?.type === 'resources' ? resources.resources : [],
      operations: operation?.type === 'operation' ? [operation.operation] : [],
      frameworks: [],
    });
    world.send({ type: 'masterDetected', master: 'master@10.0.0.1:5050' });
    world.pass(1_000);
    const [message] = world.sent('ReregisterAgentMessage');
    expect(message?.checkpointed_resources).toMatchObject([{ name: 'cpus' }]);
    world.fromMaster({ name: 'AgentReregisteredMessage', body: { agent_id: { value: AGENT_ID } } });
    expect(world.sent('UpdateOperationStatusMessage')).toMatchObject([
      { status: { state: OperationState.OPERATION_FINISHED } },
    ]);
    expect(world.agent.ledger.total()).toContainEqual(reserved(1));
  });

  test('reserves for the machine: the next agent on it has the reservation too', () => {
    const world = new World();
    world.start({ resources: [reserved(1)], frameworks: [] });
    world.send({ type: 'masterDetected', master: 'master@10.0.0.1:5050' });
    world.pass(1_000);
    const [message] = world.sent('RegisterAgentMessage');
    expect(message?.checkpointed_resources).toEqual([reserved(1)]);
    expect(world.agent.ledger.total()).toContainEqual(reserved(1));
  });

  test('may make a volume of what is reserved, and destroy it again', () => {
    const world = new World();
    world.register();
    const reservations = reserved(1).reservations ?? [];
    const disk = { ...scalar('disk', 64), reservations };
    const volume = {
      ...disk,
      disk: {
        persistence: { id: 'v1', principal: 'ops' },
        volume: { container_path: 'data', mode: Volume_Mode.RW },
      },
    };
    const perform = (operation: Offer_Operation) => {
      operationUuid.value[0] = (operationUuid.value[0] ?? 0) + 1;
      apply(world, operation);
      return world.sent('UpdateOperationStatusMessage').map(({ status }) => status.state);
    };
    const finished = [OperationState.OPERATION_FINISHED];
    const { RESERVE, CREATE, DESTROY, UNRESERVE } = Offer_Operation_Type;
    expect(perform({ type: RESERVE, reserve: { resources: [disk] } })).toEqual(finished);
    expect(world.take('createVolume')).toEqual([]);
    expect(perform({ type: CREATE, create: { volumes: [volume] } })).toEqual(finished);
    // The volume is created before its first use, as soon as that is stored.
    const place = { type: 'createVolume', path: 'volumes/roles/kit/v1', kind: 'folder' };
    expect(world.take('createVolume')).toEqual([place]);
    expect(world.agent.checkpointedResources).toMatchObject([
      { name: 'disk', scalar: { value: 64 }, disk: { persistence: { id: 'v1' } } },
    ]);
    const again = new World();
    again.start({
      agent: world.agent.info,
      resources: world.agent.checkpointedResources,
      frameworks: [],
    });
    expect(again.take('createVolume')).toEqual([place]);
    const { algebra } = again.agent.core;
    expect(algebra.equal(again.agent.ledger.total(), world.agent.ledger.total())).toBe(true);
    expect(world.take('collectGarbage')).toEqual([]);
    expect(perform({ type: DESTROY, destroy: { volumes: [volume] } })).toEqual(finished);
    // The volume's data is deleted as soon as that is stored.
    expect(world.take('collectGarbage')).toEqual([
      { type: 'collectGarbage', path: 'volumes/roles/kit/v1', delayMs: 0, volume: 'folder' },
    ]);
    // An agent that is killed before that is done leaves it to the next one.
    expect(world.changes).toContainEqual({
      type: 'resources',
      resources: expect.anything(),
      destroyed: [{ path: 'volumes/roles/kit/v1', kind: 'folder' }],
    });
    expect(perform({ type: UNRESERVE, unreserve: { resources: [disk] } })).toEqual(finished);
    expect(world.agent.checkpointedResources).toEqual([]);
    expect(algebra.equal(world.agent.ledger.total(), world.options.resources)).toBe(true);
  });

  test('that never arrived is reported as dropped when the master asks', () => {
    const world = new World();
    world.register();
    world.fromMaster({
      name: 'ReconcileOperationsMessage',
      body: { operations: [{ operation_uuid: operationUuid }] },
    });
    expect(world.sent('UpdateOperationStatusMessage')).toMatchObject([
      { operation_uuid: operationUuid, status: { state: OperationState.OPERATION_DROPPED } },
    ]);
    // The operation arrives late, over a slow connection: the earlier answer stays true.
    apply(world, reserve(1));
    expect(world.agent.checkpointedResources).toEqual([]);
  });
});

describe('a disk that the flags do not name', () => {
  const source = { type: Resource_DiskInfo_Source_Type.MOUNT, mount: { root: '/etc' } };
  const { reservations = [] } = reserved(1);
  const disk: Resource = { ...scalar('disk', 64), reservations, disk: { source } };
  const states = (world: World) =>
    world.sent('UpdateOperationStatusMessage').map(({ status }) => status.state);

  test.each<[string, Offer_Operation]>([
    [
      'reserved out of another',
      {
        type: Offer_Operation_Type.RESERVE,
        reserve: { resources: [disk], source: [scalar('disk', 64)] },
      },
    ],
    [
      'made as by a resource provider',
      {
        type: Offer_Operation_Type.CREATE_DISK,
        create_disk: {
          source: scalar('disk', 64),
          target_type: Resource_DiskInfo_Source_Type.MOUNT,
        },
      },
    ],
  ])('is not %s, whichever master asks', (_, operation) => {
    const world = new World();
    world.register();
    apply(world, operation);
    expect(states(world)).toEqual([OperationState.OPERATION_DROPPED]);
    expect(world.agent.ledger.total()).not.toContainEqual(disk);
  });

  test('is not made ready, nor emptied, even if it is in the books', () => {
    const world = new World();
    world.register();
    world.agent.ledger.setTotal([disk]);
    const volume: Resource = {
      ...disk,
      disk: {
        source,
        persistence: { id: 'v1' },
        volume: { container_path: 'data', mode: Volume_Mode.RW },
      },
    };
    const { CREATE, DESTROY } = Offer_Operation_Type;
    apply(world, { type: CREATE, create: { volumes: [volume] } });
    operationUuid.value[0] = (operationUuid.value[0] ?? 0) + 1;
    apply(world, { type: DESTROY, destroy: { volumes: [volume] } });
    const { OPERATION_FINISHED } = OperationState;
    expect(states(world)).toEqual([OPERATION_FINISHED, OPERATION_FINISHED]);
    expect(world.take('createVolume')).toEqual([]);
    expect(world.take('collectGarbage')).toEqual([]);
  });
});

test('an operation of an unknown resource provider is unknown, which its framework is told', () => {
  const world = new World();
  world.register();
  const operation = { operation_id: { value: 'o1' }, resource_provider_id: { value: 'p1' } };
  const framework_id = { value: FRAMEWORK };
  world.fromMaster({
    name: 'ReconcileOperationsMessage',
    body: { framework_id, operations: [operation] },
  });
  expect(world.sent('UpdateOperationStatusMessage')).toEqual([
    {
      framework_id,
      agent_id: { value: AGENT_ID },
      status: {
        state: OperationState.OPERATION_UNKNOWN,
        agent_id: { value: AGENT_ID },
        ...operation,
      },
    },
  ]);
});

test('what the master has checkpointed replaces what the agent believes', () => {
  const world = new World();
  world.register();
  const resources = [reserved(2)];
  world.fromMaster({ name: 'CheckpointResourcesMessage', body: { resources } });
  expect(world.agent.ledger.total()).toContainEqual(reserved(2));
  expect(world.changes.at(-1)).toEqual({ type: 'resources', resources });
  // More than the agent has: it keeps its resources.
  world.fromMaster({ name: 'CheckpointResourcesMessage', body: { resources: [reserved(9)] } });
  expect(world.agent.checkpointedResources).toEqual(resources);
});

const drain = (world: World) =>
  world.fromMaster({
    name: 'DrainAgentMessage',
    body: { config: { max_grace_period: { nanoseconds: 1_000_000_000n } } },
  });

describe('draining', () => {
  test('kills what runs, in time, refuses what comes, and is over when all is gone', () => {
    const world = new World();
    world.register();
    world.runTask(executorTask('t1'));
    world.runTask(commandTask('queued'));
    const [launched] = world.take('launchExecutor');
    if (launched === undefined) {
      throw new Error('nothing launched');
    }
    const stream = world.subscribe(launched);
    world.update('ex', status('t1', TaskState.TASK_RUNNING));
    world.eventsOf(stream);
    drain(world);
    expect(world.eventsOf(stream)).toMatchObject([
      {
        type: ExecutorEvent_Type.KILL,
        kill: { kill_policy: { grace_period: { nanoseconds: 1_000_000_000n } } },
      },
    ]);
    world.runTask(commandTask('late'), frameworkInfo());
    world.update('ex', status('t1', TaskState.TASK_KILLED));
    world.containerEnded('ex', launched.containerId);
    const reasons = new Map<string, TaskStatus_Reason | undefined>();
    for (let updates = world.sent('StatusUpdateMessage'); updates.length > 0; ) {
      for (const { update } of updates) {
        reasons.set(update.status.task_id.value, update.status.reason);
        world.acknowledge(update.status.task_id.value, update.uuid);
      }
      updates = world.sent('StatusUpdateMessage');
    }
    const draining = TaskStatus_Reason.REASON_AGENT_DRAINING;
    expect([...reasons]).toEqual([
      ['t1', draining],
      ['queued', draining],
      ['late', draining],
    ]);
    expect(world.agent.drain).toBeDefined();
    const queued = [...world.agent.containers.values()][0];
    if (queued === undefined) {
      throw new Error('the command executor is gone');
    }
    world.containerEnded('queued', queued.containerId);
    expect(world.agent.drain).toBeUndefined();
    expect(world.changes.at(-1)).toEqual({ type: 'drain' });
  });

  test('an agent where nothing runs is done at once', () => {
    const world = new World();
    world.register();
    drain(world);
    expect(world.agent.drain).toBeUndefined();
  });
});

describe('the end of an agent', () => {
  test('asked for by an operator takes everything down, and the next start has its id', () => {
    const world = new World();
    world.register();
    world.runTask(commandTask('t1'));
    const [launched] = world.take('launchExecutor');
    if (launched === undefined) {
      throw new Error('nothing launched');
    }
    const stream = world.subscribe(launched);
    world.eventsOf(stream);
    world.send({ type: 'stop', how: 'unregister' });
    expect(world.sent('UnregisterAgentMessage')).toEqual([{ agent_id: { value: AGENT_ID } }]);
    expect(world.eventsOf(stream)).toEqual([{ type: ExecutorEvent_Type.SHUTDOWN }]);
    expect(world.exited).toBeUndefined();
    // Operations that the master sent before it heard of the end do not remain for the next agent.
    apply(world, reserve(1));
    drain(world);
    world.containerEnded('t1', launched.containerId);
    expect(world.exited).toMatchObject({ code: 0 });
    const changes = world.changes.map(({ type }) => type);
    expect(changes).not.toContain('forgetAgent');
    expect(changes).not.toContain('operation');
    expect(changes).not.toContain('drain');
  });

  test('asked for by the master does so too', () => {
    const world = new World();
    world.register();
    world.fromMaster({ name: 'ShutdownMessage', body: { message: 'gone' } });
    expect(world.exited).toMatchObject({ code: 0 });
  });

  test('that only leaves keeps tasks running that can be found again', () => {
    const world = new World();
    world.register();
    world.runTask(commandTask('kept'), frameworkInfo({ checkpoint: true }));
    world.runTask(commandTask('lost'), frameworkInfo({ id: { value: 'other' } }));
    world.send({ type: 'stop', how: 'leave' });
    expect(world.exited).toMatchObject({ code: 0 });
    expect(world.take('destroyContainer')).toMatchObject([{ executorId: 'lost' }]);
    expect(world.take('sendToExecutor')).toEqual([]);
  });
});

describe('history', () => {
  test('of executors and frameworks is bounded', () => {
    const world = new World({ maxCompletedExecutorsPerFramework: 3, maxCompletedFrameworks: 2 });
    world.register();
    for (let i = 0; i < 5; i++) {
      runToEnd(world, `t${i}`);
      world.acknowledgeAll();
    }
    const completed = world.agent.completedFrameworks.get(FRAMEWORK as never)?.completed ?? [];
    expect(completed.map(({ executorId }) => executorId)).toEqual(['t2', 't3', 't4']);
    for (let i = 0; i < 5; i++) {
      const framework = frameworkInfo({ id: { value: `f${i}` } });
      world.runTask(commandTask('x', { resources: [scalar('cpus', 99)] }), framework);
    }
    expect([...world.agent.completedFrameworks.keys()]).toEqual(['f3', 'f4']);
  });
});
