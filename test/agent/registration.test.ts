import { describe, expect, test } from 'vitest';
import { TaskState } from '../../src/model/generated/messages.ts';
import {
  AGENT_ID,
  commandTask,
  executorTask,
  FRAMEWORK,
  frameworkInfo,
  MASTER,
  OBSERVER,
  runToEnd,
  status,
  World,
} from './harness.ts';
import { reregistered } from './reregistration.ts';

describe('registration', () => {
  test('begins after a random wait and goes on, less and less often, until it is answered', () => {
    const world = new World();
    world.start();
    world.send({ type: 'masterDetected', master: MASTER });
    expect(world.sent('RegisterAgentMessage')).toEqual([]);
    const times: number[] = [];
    const begin = world.nowMs;
    for (let ms = 0; ms <= 300_000; ms += 100) {
      for (const _ of world.sent('RegisterAgentMessage')) {
        times.push(world.nowMs - begin);
      }
      world.pass(100);
    }
    // The n-th wait is below 1 s * 2^n, and below a minute.
    let before = 0;
    let longest = 1_000;
    for (const time of times) {
      expect(time - before).toBeLessThanOrEqual(longest + 100);
      before = time;
      longest = Math.min(longest * 2, 60_000);
    }
    expect(times.length).toBeGreaterThan(8);
    expect(times.length).toBeLessThan(40);
    expect(world.take('link').at(0)).toEqual({ type: 'link', address: '10.0.0.1:5050' });
  });

  test('says who the agent is and what it can do', () => {
    const world = new World();
    world.start();
    world.send({ type: 'masterDetected', master: MASTER });
    world.pass(1_000);
    const [message] = world.sent('RegisterAgentMessage');
    expect(message).toMatchObject({
      agent: { hostname: 'node2', port: 5051 },
      version: '1.11.0',
      checkpointed_resources: [],
      agent_capabilities: [1, 2, 3, 4, 5, 6, 7, 8].map((type) => ({ type })),
    });
    expect(message?.resource_version_uuid?.value).toHaveLength(16);
    expect(message?.agent.id).toBeUndefined();
  });

  test('is stored before anything else is sent', () => {
    const world = new World();
    world.commitsAtOnce = false;
    world.start();
    world.send({ type: 'masterDetected', master: MASTER });
    world.pass(1_000);
    const registered = {
      name: 'AgentRegisteredMessage',
      body: { agent_id: { value: AGENT_ID } },
    } as const;
    world.fromMaster(registered);
    expect(world.changes).toMatchObject([{ type: 'agent', agent: { id: { value: AGENT_ID } } }]);
    expect(world.sent('UpdateAgentMessage')).toEqual([]);
    world.commit();
    expect(world.sent('UpdateAgentMessage')).toMatchObject([
      {
        agent_id: { value: AGENT_ID },
        update_oversubscribed_resources: false,
        operations: { operations: [] },
        resource_providers: {},
      },
    ]);
    // A master that sends the same twice gets the same answer.
    world.fromMaster(registered);
    expect(world.sent('UpdateAgentMessage')).toHaveLength(1);
    expect(world.exited).toBeUndefined();
  });

  test('under another id than before ends the agent', () => {
    const world = new World();
    world.register();
    world.fromMaster({
      name: 'AgentRegisteredMessage',
      body: { agent_id: { value: `${AGENT_ID}1` } },
    });
    expect(world.exited?.code).toBe(1);
  });

  test('is accepted from the detected master only', () => {
    const world = new World();
    world.register();
    const other = 'master@10.0.0.9:5050';
    world.fromMaster({ name: 'ShutdownMessage', body: {} }, other);
    world.fromMaster(
      { name: 'RunTaskMessage', body: { framework: frameworkInfo(), task: commandTask('t1') } },
      other,
    );
    expect(world.exited).toBeUndefined();
    expect(world.take('launchExecutor')).toEqual([]);
  });
});

describe('an agent without a master says why', () => {
  const said = (world: World) =>
    world.take('log').flatMap(({ level, text }) => (level === 'warn' ? [text] : []));
  const refused = 'connect ECONNREFUSED 10.0.0.1:5050';

  test('at once when it cannot connect, and then less and less often', () => {
    const world = new World();
    world.start();
    world.send({ type: 'masterDetected', master: MASTER });
    const texts: string[] = [];
    for (let second = 0; second < 3_600; second++) {
      world.pass(1_000);
      for (const { address } of world.take('link')) {
        world.send({ type: 'linkLost', address, why: refused });
      }
      texts.push(...said(world));
    }
    expect(texts[0]).toMatch(
      /^Not registered with master@10\.0\.0\.1:5050( for \dsecs)?: no connection \(connect ECONNREFUSED/,
    );
    expect(texts.length).toBeGreaterThan(8);
    expect(texts.length).toBeLessThan(16);
    expect(texts.at(-1)).toMatch(/for \d+mins: no connection/);
  });

  test('when the master gives no answer, and no more once it does', () => {
    const world = new World();
    world.start();
    world.send({ type: 'masterDetected', master: MASTER });
    world.pass(300_000);
    const [first] = said(world);
    expect(first).toMatch(/: it gives no answer/);
    world.register();
    world.pass(60_000);
    expect(said(world)).toEqual([]);
  });
});

describe('a registered agent', () => {
  test('answers pings of its master, also before it has an id, and of no other process', () => {
    const world = new World();
    world.start();
    world.send({ type: 'masterDetected', master: MASTER });
    for (const from of [OBSERVER, 'slave-observer(1)@10.0.0.1:5055', 'slave-observer(1)']) {
      world.fromMaster({ name: 'PingAgentMessage', body: { connected: true } }, from);
    }
    expect(world.take('sendToMaster')).toEqual([
      { type: 'sendToMaster', to: OBSERVER, message: { name: 'PongAgentMessage', body: {} } },
    ]);
  });

  test('registers again when no ping comes for as long as the master has said', () => {
    const world = new World();
    world.register();
    world.pass(70_000);
    world.fromMaster({ name: 'PingAgentMessage', body: { connected: true } }, OBSERVER);
    world.pass(74_000);
    expect(world.sent('ReregisterAgentMessage')).toEqual([]);
    world.pass(2_000);
    expect(world.sent('ReregisterAgentMessage').length).toBeGreaterThan(0);
  });

  test('registers again when a ping says that the master has lost it', () => {
    const world = new World();
    world.register();
    world.fromMaster({ name: 'PingAgentMessage', body: { connected: false } }, OBSERVER);
    world.pass(1_000);
    expect(world.sent('ReregisterAgentMessage').length).toBeGreaterThan(0);
  });

  test('registers again within seconds when its connection breaks', () => {
    const world = new World();
    world.register();
    world.send({ type: 'linkLost', address: '10.0.0.7:1' });
    world.pass(5_000);
    expect(world.sent('ReregisterAgentMessage')).toEqual([]);

    world.send({ type: 'linkLost', address: '10.0.0.1:5050' });
    world.pass(1_000);
    expect(world.take('link').length).toBeGreaterThan(0);
    // While connections are refused the waits stay short, for they cost nothing.
    for (let second = 0; second < 60; second++) {
      if (world.take('link').length > 0) {
        world.send({ type: 'linkLost', address: '10.0.0.1:5050' });
      }
      world.pass(1_000);
    }
    world.effects = [];
    world.pass(5_000);
    expect(world.sent('ReregisterAgentMessage').length).toBeGreaterThan(0);
  });

  test('tells a master that knows nothing about all it runs', () => {
    const world = new World();
    world.register();
    runToEnd(world, 'finished');
    world.runTask(executorTask('custom'));
    const [launched] = world.take('launchExecutor').slice(-1);
    world.runTask(commandTask('running'));
    const command = world.take('launchExecutor').at(-1);
    if (launched === undefined || command === undefined) {
      throw new Error('nothing launched');
    }
    world.subscribe(command);
    world.update('running', status('running', TaskState.TASK_RUNNING));
    world.send({ type: 'masterDetected', master: MASTER });
    world.pass(1_000);
    const [message] = world.sent('ReregisterAgentMessage');
    expect(message?.agent.id).toEqual({ value: AGENT_ID });
    expect(message?.frameworks).toMatchObject([{ id: { value: FRAMEWORK } }]);
    expect(message?.executor_infos).toMatchObject([{ executor_id: { value: 'ex' } }]);
    const tasks = message?.tasks ?? [];
    expect(tasks.map(({ name, state, executor_id }) => [name, state, executor_id])).toEqual([
      ['finished', TaskState.TASK_FINISHED, undefined],
      ['custom', TaskState.TASK_STAGING, { value: 'ex' }],
      ['running', TaskState.TASK_RUNNING, undefined],
    ]);
  });

  test('keeps updates back while it has no master, and sends them when it has one again', () => {
    const world = new World();
    world.register();
    world.send({ type: 'masterDetected' });
    runToEndWithout(world);
    world.pass(60_000);
    expect(world.sent('StatusUpdateMessage')).toEqual([]);
    world.send({ type: 'masterDetected', master: 'master@10.0.0.3:5050' });
    world.pass(1_000);
    world.fromMaster(reregistered, 'master@10.0.0.3:5050');
    expect(world.sent('StatusUpdateMessage')).toHaveLength(1);
  });

  test('tells once more what came after it was written and before it was answered', () => {
    const world = new World();
    world.register();
    world.send({ type: 'linkLost', address: '10.0.0.1:5050' });
    world.pass(1_000);
    world.sent('ReregisterAgentMessage');
    world.runTask(commandTask('late'));
    world.fromMaster(reregistered);
    expect(world.sent('ReregisterAgentMessage')).toMatchObject([
      { tasks: [{ task_id: { value: 'late' } }] },
    ]);
    world.fromMaster(reregistered);
    expect(world.sent('ReregisterAgentMessage')).toEqual([]);
  });

  test('reports tasks as lost that the master has and it has not', () => {
    const world = new World();
    world.register();
    const asked = {
      ...reregistered,
      body: {
        ...reregistered.body,
        reconciliations: [
          {
            framework_id: { value: FRAMEWORK },
            framework: frameworkInfo(),
            statuses: [{ task_id: { value: 'gone' }, state: TaskState.TASK_RUNNING }],
          },
        ],
      },
    };
    world.fromMaster(asked);
    // One answer is enough for a master that asks twice before it has the answer.
    world.fromMaster(asked);
    expect(world.sent('StatusUpdateMessage')).toMatchObject([
      { update: { status: { task_id: { value: 'gone' }, state: TaskState.TASK_LOST } } },
    ]);
    // The task arrives late, over a slow connection: the earlier answer stays true.
    world.runTask(commandTask('gone'));
    expect(world.take('launchExecutor')).toEqual([]);
    // Frameworks may use an id again.
    world.runTask(commandTask('gone'));
    expect(world.take('launchExecutor')).toHaveLength(1);
  });
});

/** A task that was assigned before the master was lost. */
function runToEndWithout(world: World): void {
  world.send({ type: 'masterDetected', master: MASTER });
  world.runTask(commandTask('t1'));
  const [launched] = world.take('launchExecutor');
  if (launched === undefined) {
    throw new Error('nothing launched');
  }
  world.send({ type: 'masterDetected' });
  world.subscribe(launched);
  world.update('t1', status('t1', TaskState.TASK_FINISHED));
}

test('an agent that is refused says why in its log, and goes on asking', () => {
  const world = new World();
  world.start();
  world.send({ type: 'masterDetected', master: MASTER });
  world.fromMaster({ name: 'AuthenticationErrorMessage', body: { error: 'not you' } });
  expect(world.take('log').map(({ level, text }) => `${level}: ${text}`)).toContain(
    `error: The master ${MASTER} refuses this agent: not you`,
  );
  world.take('sendToMaster');
  world.pass(120_000);
  expect(world.sent('RegisterAgentMessage').length).toBeGreaterThan(0);
});
