// Bounds for what one call, and all calls together, may bring to a master.
import { expect, test } from 'vitest';
import { hasOverlaps } from '../../src/master/validation/resources.ts';
import {
  ExecutorInfo_Type,
  FrameworkInfo_Capability_Type,
  type Label,
  MasterCall_Type,
  type Offer_Operation,
  Offer_Operation_Type,
  TaskState,
} from '../../src/model/generated/messages.ts';
import { agentId } from '../../src/model/ids.ts';
import { cluster, FakeAgent, launchOf, resources, taskOf, World } from './harness.ts';

const multiRole = { capabilities: [{ type: FrameworkInfo_Capability_Type.MULTI_ROLE }] };
const names = (count: number, prefix = 'r') =>
  Array.from({ length: count }, (_, index) => `${prefix}${index.toString(16)}`);
const large = (bytes: number): { labels: Label[] } => ({
  labels: [{ key: 'k', value: 'x'.repeat(bytes) }],
});

test('a framework has five thousand roles, and no more', () => {
  const world = new World();
  const framework = (count: number) => world.framework({ ...multiRole, roles: names(count) });
  expect(framework(5001).last('ERROR')?.error?.message).toBe(
    "'FrameworkInfo.roles' has 5001 entries, which is more than 5000",
  );
  expect(framework(5000).last('SUBSCRIBED')).toBeDefined();
});

test('frameworks have so many roles together; one that was there comes back', () => {
  const world = new World();
  const all = Array.from({ length: 10 }, (_, index) =>
    world.framework({ ...multiRole, roles: names(5000, `f${index}-`) }),
  );
  expect(all.every((it) => it.last('SUBSCRIBED') !== undefined)).toBe(true);
  expect(world.framework().last('ERROR')?.error?.message).toBe(
    'All frameworks together would have more than 50000 roles',
  );
  const [first] = all;
  first?.call('TEARDOWN');
  expect(world.framework().last('SUBSCRIBED')).toBeDefined();
});

test('frameworks that wait to come back have a size together', () => {
  const world = new World();
  const framework = () => world.framework({ failover_timeout: 1e8, labels: large(1_000_000) });
  for (let count = 0; count < 134; count++) {
    const one = framework();
    expect(one.last('SUBSCRIBED')).toBeDefined();
    one.disconnect();
  }
  expect(framework().last('ERROR')?.error?.message).toBe(
    "All frameworks' infos and constraints together would have more than 134217728 bytes",
  );
});

test('a principal leaves a quarter of it to others', () => {
  const world = new World();
  const framework = (principal: string) =>
    world.framework({ principal, failover_timeout: 1e8, labels: large(1_000_000) });
  for (let count = 0; count < 100; count++) {
    expect(framework('eve').last('SUBSCRIBED')).toBeDefined();
  }
  expect(framework('eve').last('ERROR')?.error?.message).toBe(
    "All frameworks' infos and constraints of principal 'eve' together would have more than 100663296 bytes",
  );
  expect(framework('bob').last('SUBSCRIBED')).toBeDefined();
});

const update = {
  weights: (roles: readonly string[]) => ({
    type: MasterCall_Type.UPDATE_WEIGHTS,
    update_weights: { weight_infos: roles.map((role) => ({ role, weight: 2 })) },
  }),
  quotas: (roles: readonly string[]) => ({
    type: MasterCall_Type.UPDATE_QUOTA,
    update_quota: {
      force: true,
      quota_configs: roles.map((role) => ({ role, limits: { cpus: { value: 1 } } })),
    },
  }),
};

test.each(['weights', 'quotas'] as const)('%s come by the thousands, to a bound', (what) => {
  const world = new World();
  expect(world.operate(update[what](names(5001))).text).toContain(
    'has 5001 entries, which is more than 5000',
  );
  for (let count = 0; count < 4; count++) {
    expect(world.operate(update[what](names(5000, `s${count}-`)))).toMatchObject({ status: 200 });
  }
  const beyond = world.operate(update[what](['one-more']));
  expect(beyond).toMatchObject({ status: 400 });
  expect(beyond.text).toContain(
    `The set of all ${what} has 20001 entries, which is more than 20000`,
  );
  expect(world.operate(update[what](['s0-1']))).toMatchObject({ status: 200 });
});

test('a maintenance schedule names fifty thousand machines, and no more', () => {
  const world = new World();
  const schedule = (count: number) =>
    world.operate({
      type: MasterCall_Type.UPDATE_MAINTENANCE_SCHEDULE,
      update_maintenance_schedule: {
        schedule: {
          windows: names(count).map((hostname) => ({
            machine_ids: [{ hostname }],
            unavailability: { start: { nanoseconds: 1n } },
          })),
        },
      },
    });
  expect(schedule(50_001).text).toBe(
    'The list of machines has 50001 entries, which is more than 50000',
  );
  expect(schedule(50_000)).toMatchObject({ status: 200 });
});

test('an agent that says a megabyte of itself does not join', () => {
  const world = new World();
  const agent = new FakeAgent(world, {});
  agent.send('RegisterAgentMessage', {
    agent: {
      ...agent.info(),
      attributes: [{ name: 'a', type: 3, text: { value: 'x'.repeat(1024 * 1024) } }],
    },
    version: '1.11.0',
  });
  expect(agent.sent('AgentRegisteredMessage')).toEqual([]);
  expect(world.logs.join('\n')).toContain("'AgentInfo' has more than 1048576 bytes");
});

test('a call asks about fifty thousand tasks, and no more', () => {
  const { framework } = cluster();
  const ask = (count: number) =>
    framework.call('RECONCILE', {
      reconcile: { tasks: names(count).map((value) => ({ task_id: { value } })) },
    });
  expect(ask(50_001)).toMatchObject({
    status: 400,
    text:
      "Failed to validate scheduler::Call: 'reconcile.tasks' has 50001 entries, which is more" +
      ' than 50000',
  });
  expect(ask(50_000)).toMatchObject({ status: 202 });
  expect(framework.events('UPDATE')).toHaveLength(50_000);
});

const reserve = (count: number): Offer_Operation => ({
  type: Offer_Operation_Type.RESERVE,
  reserve: {
    resources: Array.from({ length: count }, () => ({
      name: 'cpus',
      type: 0,
      scalar: { value: 0.001 },
      reservations: [{ type: 2, role: 'dev' }],
    })),
  },
});

test.each([
  [
    '5001 tasks',
    "The list of tasks in 'accept.operations' has 5001 entries, which is more than 5000",
  ],
  [
    '201 reservations',
    "The list of reservations and volumes in 'accept.operations' has 201 entries, which is more than 200",
  ],
  [
    '1001 resources',
    "The list of resources of those in 'accept.operations' has 1001 entries, which is more than 1000",
  ],
  ['50001 offers', "'accept.offer_ids' has 50001 entries, which is more than 50000"],
])('an ACCEPT with %s is refused, and the offer stays', (what, why) => {
  const { framework } = cluster();
  const offer = framework.offer();
  const operations: Record<string, () => Offer_Operation[]> = {
    '5001 tasks': () => [launchOf(offer, ...names(5000)), launchOf(offer, 'one-more')],
    '201 reservations': () => Array.from({ length: 201 }, () => reserve(1)),
    '1001 resources': () => [reserve(1000), reserve(1)],
  };
  const offers =
    what === '50001 offers' ? names(50_001).map((value) => ({ ...offer, id: { value } })) : [offer];
  expect(framework.accept(offers, operations[what]?.() ?? [])).toEqual({
    status: 400,
    text: `Failed to validate scheduler::Call: ${why}`,
  });
  framework.launch(offer, 'fine');
  expect(framework.statuses()).toEqual([]);
});

test('an operator reserves a thousand resources in one call, and no more', () => {
  const { world, agent } = cluster();
  const { reserve: { resources: some = [] } = {} } = reserve(1001);
  const call = (count: number) =>
    world.operate({
      type: MasterCall_Type.RESERVE_RESOURCES,
      reserve_resources: { agent_id: { value: agent.id }, resources: some.slice(0, count) },
    });
  expect(call(1001)).toMatchObject({ status: 400 });
  expect(call(1001).text).toContain('has 1001 entries, which is more than 1000');
  expect(call(1000)).toMatchObject({ status: 202 });
});

test('what runs on an agent is measured once, and is less when it has gone', () => {
  const { world, agent, framework } = cluster();
  const there = world.master.agents.registered.get(agentId(agent.id));
  for (const task of ['t1', 't2']) {
    framework.launch(framework.offer(), { task_id: { value: task }, labels: large(1_000_000) });
    world.allocate();
  }
  expect(there?.bytes).toBeGreaterThan(2_000_000);
  for (const task of ['t1', 't2']) {
    const uuid = agent.update(framework, task, TaskState.TASK_FINISHED);
    framework.acknowledge(agent, task, uuid);
  }
  expect(there?.bytes).toBe(0);
});

test('the executor that a group shares is measured once, and not for each of its tasks', () => {
  const { framework } = cluster();
  let reads = 0;
  const label = {
    key: 'k',
    get value() {
      reads += 1;
      return 'v';
    },
  };
  const executor = {
    type: ExecutorInfo_Type.DEFAULT,
    executor_id: { value: 'e' },
    framework_id: { value: framework.id },
    resources: resources('cpus:0.1;mem:32;disk:1'),
    labels: { labels: [label] },
  };
  const offer = framework.offer();
  const tasks = names(1000).map((value) =>
    taskOf(offer, { task_id: { value }, resources: resources('cpus:0.001;mem:1') }),
  );
  framework.accept(
    [offer],
    [
      {
        type: Offer_Operation_Type.LAUNCH_GROUP,
        launch_group: { executor, task_group: { tasks } },
      },
    ],
  );
  expect(framework.statuses()).toEqual([]);
  expect(reads).toBeLessThan(20_000 / 10);
});

test('an error for each of many tasks does not list every port that an agent has left', () => {
  const world = new World();
  world.agent({
    resources: `cpus:1;mem:64;ports:[${names(1_000).map((_, i) => `${2 * i + 1}-${2 * i + 1}`)}]`,
  });
  const framework = world.framework();
  world.allocate();
  framework.launch(framework.offer(), { resources: resources('cpus:100') });
  expect(framework.statuses()[0]?.message).toMatch(/is more than available .*…$/);
  expect(framework.statuses()[0]?.message?.length).toBeLessThan(5_000);
});

test('overlaps are found among all lists, whatever their order', () => {
  const ports = (text: string) => resources(`ports:[${text}]`);
  expect(hasOverlaps([ports('5-6, 1-2'), ports('3-4')])).toBe(false);
  expect(hasOverlaps([ports('1-9'), ports('3-4')])).toBe(true);
  expect(hasOverlaps([ports('3-4'), ports('1-3')])).toBe(true);
  expect(hasOverlaps([ports('3-4'), resources('others:[3-4]')])).toBe(false);
  expect(hasOverlaps([resources('s:{a,b}'), resources('s:{b}')])).toBe(true);
  expect(hasOverlaps([resources('s:{a,b}'), resources('t:{b}')])).toBe(false);
});

test('ranges by the ten thousand are compared with their neighbours only', () => {
  let reads = 0;
  const range = Array.from({ length: 20_000 }, (_, index) => ({
    get begin() {
      reads += 1;
      return 2 * ((index * 7919) % 20_000);
    },
    end: 2 * ((index * 7919) % 20_000),
  }));
  expect(hasOverlaps([[{ name: 'ports', type: 1, ranges: { range } }]])).toBe(false);
  expect(reads).toBeLessThan(20_000 * 50);
});
