// What one call, and all of them together, may bring to a master.
import { expect, test } from 'vitest';
import { hasOverlaps } from '../../src/master/validation/resources.ts';
import {
  FrameworkInfo_Capability_Type,
  type Label,
  MasterCall_Type,
} from '../../src/model/generated/messages.ts';
import { cluster, FakeAgent, resources, World } from './harness.ts';

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

test('overlaps are found among all lists, whatever their order', () => {
  const ports = (text: string) => resources(`ports:[${text}]`);
  expect(hasOverlaps([ports('5-6, 1-2'), ports('3-4')])).toBe(false);
  expect(hasOverlaps([ports('1-9'), ports('3-4')])).toBe(true);
  expect(hasOverlaps([ports('3-4'), ports('1-3')])).toBe(true);
  expect(hasOverlaps([ports('3-4'), resources('others:[3-4]')])).toBe(false);
  expect(hasOverlaps([resources('s:{a,b}'), resources('s:{b}')])).toBe(true);
  expect(hasOverlaps([resources('s:{a,b}'), resources('t:{b}')])).toBe(false);
});

test('ranges by the hundred thousand are compared with their neighbours only', () => {
  let reads = 0;
  const range = Array.from({ length: 100_000 }, (_, index) => ({
    get begin() {
      reads += 1;
      return 2 * ((index * 7919) % 100_000);
    },
    end: 2 * ((index * 7919) % 100_000),
  }));
  expect(hasOverlaps([[{ name: 'ports', type: 1, ranges: { range } }]])).toBe(false);
  expect(reads).toBeLessThan(100_000 * 50);
});
