// Acknowledgements and reports that were on their way while the agent reregistered: they come from
// an earlier master, or from one that had given the agent up. The present master must learn of
// them.
import { describe, expect, test } from 'vitest';
import {
  Offer_Operation_Type,
  OperationState,
  Resource_ReservationInfo_Type,
  TaskState,
} from '../../src/model/generated/messages.ts';
import { onDisk } from './disk.ts';
import { commandTask, FRAMEWORK, frameworkInfo, runToEnd, scalar, World } from './harness.ts';
import { registerAgain, reregistered } from './reregistration.ts';

/**
 * Runs tasks until only the acknowledgements of their terminal updates are missing; returns these
 * updates.
 */
function unacknowledgedEnds(world: World, ids: readonly string[], framework = frameworkInfo()) {
  return ids.map((id) => {
    runToEnd(world, id, TaskState.TASK_FINISHED, framework);
    for (;;) {
      const [sent] = world.sent('StatusUpdateMessage');
      if (sent?.update.status.state === TaskState.TASK_FINISHED) {
        return { id, uuid: sent.update.uuid };
      }
      expect(sent).toBeDefined();
      world.acknowledge(id, sent?.update.uuid);
    }
  });
}

const toldTasks = (world: World) =>
  world
    .sent('ReregisterAgentMessage')
    .map(({ tasks }) => (tasks ?? []).map(({ task_id }) => task_id.value));

/** The longest time that a correction takes, and a while. */
function passCorrection(world: World): void {
  world.pass(15_000);
}

describe('a task whose end was sent before the registration', () => {
  test('is not reported again, soon after an acknowledgement that may be for an earlier master', () => {
    const world = new World();
    world.register();
    const ends = unacknowledgedEnds(world, ['t1', 't2', 't3']);
    registerAgain(world);
    expect(toldTasks(world)).toEqual([['t1', 't2', 't3']]);
    for (const { id, uuid } of ends.slice(0, 2)) {
      world.acknowledge(id, uuid);
    }
    passCorrection(world);
    // One report serves for both.
    expect(toldTasks(world)).toEqual([['t3']]);
    world.fromMaster(reregistered);
    passCorrection(world);
    expect(toldTasks(world)).toEqual([]);
  });

  test('is not reported again by a restarted agent, either', () => {
    const before = new World();
    before.register();
    const [end] = unacknowledgedEnds(before, ['t1'], frameworkInfo({ checkpoint: true }));
    const world = new World({ ...before.options, seed: 8 });
    world.start(onDisk(before.changes, false));
    registerAgain(world);
    expect(toldTasks(world)).toEqual([['t1']]);
    world.acknowledge('t1', end?.uuid);
    passCorrection(world);
    expect(toldTasks(world)).toEqual([[]]);
  });

  test('needs no second report when all was sent to this master only', () => {
    const world = new World();
    world.register();
    registerAgain(world);
    world.sent('ReregisterAgentMessage');
    for (const { id, uuid } of unacknowledgedEnds(world, ['t1'])) {
      world.acknowledge(id, uuid);
    }
    passCorrection(world);
    expect(toldTasks(world)).toEqual([]);
  });

  test('is left out of the registration that comes before the correction', () => {
    const world = new World();
    world.register();
    const [end] = unacknowledgedEnds(world, ['t1']);
    registerAgain(world);
    world.acknowledge('t1', end?.uuid);
    world.sent('ReregisterAgentMessage');
    registerAgain(world);
    expect(toldTasks(world).flat()).toEqual([]);
    passCorrection(world);
    expect(toldTasks(world)).toEqual([]);
  });

  test('ends for a master that asks as it has ended, and may be launched again', () => {
    const world = new World();
    world.register();
    const [end] = unacknowledgedEnds(world, ['t1']);
    world.acknowledge('t1', end?.uuid);
    world.fromMaster({
      ...reregistered,
      body: {
        ...reregistered.body,
        reconciliations: [
          {
            framework_id: { value: FRAMEWORK },
            framework: frameworkInfo(),
            statuses: [{ task_id: { value: 't1' }, state: TaskState.TASK_FINISHED }],
          },
        ],
      },
    });
    expect(world.acknowledgeAll()).toEqual([TaskState.TASK_FINISHED]);
    world.runTask(commandTask('t1'));
    expect(world.take('launchExecutor')).toHaveLength(1);
  });
});

test('a framework that is shut down after the agent reported it is not reported again', () => {
  const world = new World();
  world.register();
  runToEnd(world, 't1');
  registerAgain(world);
  expect(toldTasks(world)).toEqual([['t1']]);
  world.fromMaster({
    name: 'ShutdownFrameworkMessage',
    body: { framework_id: { value: FRAMEWORK } },
  });
  passCorrection(world);
  expect(toldTasks(world)).toEqual([[]]);
});

test('a framework that came after the registration is shut down without a report', () => {
  const world = new World();
  world.register();
  registerAgain(world);
  world.sent('ReregisterAgentMessage');
  runToEnd(world, 't1');
  world.fromMaster({
    name: 'ShutdownFrameworkMessage',
    body: { framework_id: { value: FRAMEWORK } },
  });
  passCorrection(world);
  expect(toldTasks(world)).toEqual([]);
});

describe('an operation', () => {
  const operationUuid = { value: new Uint8Array(16).fill(0x41) };

  const reserved = {
    ...scalar('cpus', 1),
    reservations: [{ type: Resource_ReservationInfo_Type.DYNAMIC, role: 'kit', principal: 'ops' }],
  };

  function apply(world: World) {
    world.fromMaster({
      name: 'ApplyOperationMessage',
      body: {
        framework_id: { value: FRAMEWORK },
        operation_info: {
          type: Offer_Operation_Type.RESERVE,
          id: { value: 'op' },
          reserve: { resources: [reserved] },
        },
        operation_uuid: operationUuid,
        resource_version_uuid: { uuid: world.agent.resourceVersion },
      },
    });
    return world.sent('UpdateOperationStatusMessage')[0]?.status;
  }

  function acknowledge(world: World, uuid: { value: Uint8Array } | undefined): void {
    world.fromMaster({
      name: 'AcknowledgeOperationStatusMessage',
      body: { operation_uuid: operationUuid, status_uuid: uuid ?? operationUuid },
    });
  }

  test('whose end was sent before the registration ends for the master of today, too', () => {
    const world = new World();
    world.register();
    const sent = apply(world);
    registerAgain(world);
    expect(world.sent('UpdateAgentMessage').at(-1)?.operations?.operations).toHaveLength(1);
    world.sent('UpdateOperationStatusMessage');
    acknowledge(world, sent?.uuid);
    const [told, ...more] = world.sent('UpdateOperationStatusMessage');
    expect(more).toEqual([]);
    expect(told).toMatchObject({ status: { state: sent?.state }, operation_uuid: operationUuid });
    // It is not acknowledged, and a master that does not count the operation ignores it.
    expect(told?.status.uuid).toBeUndefined();
    expect(told?.framework_id).toBeUndefined();
  });

  test('that came after the registration is acknowledged without a word', () => {
    const world = new World();
    world.register();
    const sent = apply(world);
    expect(sent?.state).toBe(OperationState.OPERATION_FINISHED);
    acknowledge(world, sent?.uuid);
    expect(world.agent.operations.size).toBe(0);
    expect(world.sent('UpdateOperationStatusMessage')).toEqual([]);
  });
});
