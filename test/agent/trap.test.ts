// The scheduler core traps under an agent: its ledger goes on as if nothing had happened, or the
// agent ends.
import { expect, test } from 'vitest';
import { metricsView } from '../../src/agent/views/metrics.ts';
import { createCore } from '../../src/core/core.ts';
import {
  Offer_Operation_Type,
  Resource_ReservationInfo_Type,
  TaskState,
} from '../../src/model/generated/messages.ts';
import { Traps } from '../support/traps.ts';
import {
  commandTask,
  coreModule,
  executorTask,
  FRAMEWORK,
  runToEnd,
  scalar,
  status,
  World,
} from './harness.ts';

const uuid = (byte: number) => new Uint8Array(16).fill(byte);

function reserve(world: World): void {
  const reservations = [{ type: Resource_ReservationInfo_Type.DYNAMIC, role: 'kit' }];
  world.fromMaster({
    name: 'ApplyOperationMessage',
    body: {
      framework_id: { value: FRAMEWORK },
      operation_info: {
        type: Offer_Operation_Type.RESERVE,
        id: { value: 'op' },
        reserve: { resources: [{ ...scalar('cpus', 1), reservations }] },
      },
      operation_uuid: { value: uuid(0x41) },
      resource_version_uuid: { uuid: world.agent.resourceVersion },
    },
  });
}

/**
 * Tasks come and go, one is too large, and resources are reserved. Returns what the agent did, and
 * what its ledger says.
 */
function live(traps: Traps): { readonly world: World; readonly seen: unknown } {
  const world = new World({}, createCore(coreModule, traps.instantiate));
  world.register();
  const all: unknown[] = [];
  const heard = () => {
    const { ledger } = world.agent;
    const effects = world.effects.filter(({ type }) => type !== 'log');
    world.effects = world.effects.filter(({ type }) => type === 'log');
    const books = [ledger.total(), ledger.free(), ledger.used()];
    all.push(effects, books);
  };
  world.runTask(executorTask('t1'));
  const [launched] = world.take('launchExecutor');
  if (launched !== undefined) {
    world.subscribe(launched);
  }
  heard();
  world.runTask(commandTask('t2', { resources: [scalar('cpus', 2)] }));
  heard();
  world.runTask(commandTask('t3', { resources: [scalar('cpus', 2)] }));
  heard();
  reserve(world);
  heard();
  world.update('ex', status('t1', TaskState.TASK_RUNNING, { uuid: uuid(1) }));
  world.update('ex', status('t1', TaskState.TASK_FINISHED, { uuid: uuid(2) }));
  heard();
  world.acknowledge('t1', uuid(1));
  world.acknowledge('t1', uuid(2));
  if (launched !== undefined) {
    world.containerEnded('ex', launched.containerId);
  }
  heard();
  return { world, seen: all };
}

test('a trap in any call of the core leaves no trace', () => {
  const expected = live(new Traps(coreModule)).seen;
  const sprung = new Set<string>();
  for (let skipped = 0; ; ) {
    const traps = new Traps(coreModule);
    traps.arm(skipped);
    const { world, seen } = live(traps);
    const [name] = traps.sprung;
    expect(seen, `${name}, after ${traps.passed} calls`).toEqual(expected);
    skipped = traps.passed + 1;
    expect(world.exited).toBeUndefined();
    if (name === undefined) {
      break;
    }
    sprung.add(name);
  }
  for (const name of ['ledgerTake', 'ledgerGive', 'ledgerRelease', 'ledgerConvert', 'rowWrite']) {
    expect([...sprung]).toContain(name);
  }
});

test('the log tells of a trap, and a metric counts it', () => {
  const traps = new Traps(coreModule);
  const world = new World({}, createCore(coreModule, traps.instantiate));
  world.register();
  traps.arm(0, { exports: /^ledgerTake$/ });
  runToEnd(world, 't1');
  const texts = world.take('log').map(({ text }) => text);
  expect(texts).toContainEqual(
    expect.stringMatching(/trapped in ledgerTake: .*; its books are in/),
  );
  expect(metricsView(world.agent, world.nowMs)['slave/core_rebuilds']).toBe(1);
});

test('the third trap within a minute ends the agent, and so does one that comes back at once', () => {
  const traps = new Traps(coreModule);
  const world = new World({}, createCore(coreModule, traps.instantiate));
  world.register();
  const strike = (id: string, times = 1) => {
    traps.arm(0, { exports: /^ledgerTake$/, times });
    world.runTask(commandTask(id, { resources: [scalar('cpus', 0.1)] }));
  };
  strike('t1');
  strike('t2');
  world.pass(60_000);
  strike('t3');
  strike('t4');
  expect(world.exited).toBeUndefined();
  strike('t5');
  expect(world.exited).toMatchObject({ code: 1 });
  expect(world.exited?.reason).toContain('trapped in ledgerTake');

  const again = new World({}, createCore(coreModule, traps.instantiate));
  again.register();
  traps.arm(0, { exports: /^ledgerTake$/, times: 2 });
  again.runTask(commandTask('t1'));
  expect(again.exited).toMatchObject({ code: 1 });
});
