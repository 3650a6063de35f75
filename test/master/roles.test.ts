// Roles: which are allowed, and which are shown.
import { expect, test } from 'vitest';
import { MasterCall_Type } from '../../src/model/generated/messages.ts';
import { cluster, viewer, World } from './harness.ts';

interface ShownRole {
  readonly name: string;
  readonly frameworks: readonly string[];
}
const shownRoles = (world: World) => (world.views.roles(viewer) as { roles: ShownRole[] }).roles;

test('a list of allowed roles leaves the default role allowed, and /roles shows it', () => {
  const world = new World({ roles: ['a', 'b/c'] });
  expect(shownRoles(world).map(({ name }) => name)).toEqual(['*', 'a', 'b', 'b/c']);
  const called = world.read({ type: MasterCall_Type.GET_ROLES }).get_roles?.roles ?? [];
  expect(called.map(({ name }) => name)).toEqual(['*', 'a', 'b', 'b/c']);
  const subscribed = (roles: string[]) => world.framework({ roles }).first('SUBSCRIBED');
  expect(subscribed(['*'])).toBeDefined();
  expect(subscribed(['a'])).toBeDefined();
  expect(subscribed(['b/c'])).toBeDefined();
  expect(subscribed(['b'])).toBeUndefined();
  const weigh = (role: string) =>
    world.operate({
      type: MasterCall_Type.UPDATE_WEIGHTS,
      update_weights: { weight_infos: [{ role, weight: 2 }] },
    }).status;
  expect([weigh('*'), weigh('a'), weigh('x')]).toEqual([200, 200, 400]);
});

test('a framework stays in a role that it left as long as an executor of it runs there', () => {
  const { world, framework } = cluster();
  framework.launch(framework.offer(), {
    task_id: { value: 't1' },
    executor: {
      executor_id: { value: 'e1' },
      framework_id: { value: framework.id },
      command: { value: 'x' },
      resources: [{ name: 'cpus', type: 0, scalar: { value: 0.1 } }],
    },
  });
  framework.subscribe({ roles: ['other'] });
  const members = (role: string) =>
    shownRoles(world).find(({ name }) => name === role)?.frameworks ?? [];
  expect(members('dev')).toEqual([framework.id]);
  expect(members('other')).toEqual([framework.id]);
});

test('a role of very many levels is refused, wherever it is named, and harms no other role', () => {
  const { world, framework } = cluster();
  const role = Array.from({ length: 10_000 }, () => 'a').join('/');
  const refused = world.framework({ roles: [role] });
  expect(refused.first('SUBSCRIBED')).toBeUndefined();
  expect(refused.first('ERROR')?.error?.message).toContain("'FrameworkInfo.roles'");
  const operate = (call: Parameters<World['operate']>[0]) => world.operate(call).status;
  expect([
    operate({
      type: MasterCall_Type.UPDATE_WEIGHTS,
      update_weights: { weight_infos: [{ role, weight: 2 }] },
    }),
    operate({ type: MasterCall_Type.UPDATE_QUOTA, update_quota: { quota_configs: [{ role }] } }),
    framework.call('REVIVE', { revive: { roles: [role] } }).status,
    framework.call('UPDATE_FRAMEWORK', {
      update_framework: { framework_info: { ...framework.info, roles: [role] } },
    }).status,
  ]).toEqual([400, 400, 202, 400]);
  // An agent may name any role, too.
  const agent = world.agent({ pid: 'slave(1)@10.0.0.3:5051' });
  agent.reregister({
    frameworks: [{ ...framework.info, id: { value: 'other' }, roles: [role] }],
    tasks: [],
  });
  world.allocate();
  expect(world.aborted).toBeUndefined();
  expect(shownRoles(world).map(({ name }) => name)).toEqual(['dev']);
});

test('a resource may have the name of something that every object has', () => {
  const name = '__proto__';
  const world = new World();
  world.agent({ resources: `cpus:4;mem:64;${name}(kept):2;${name}:3` });
  world.framework();
  world.allocate();
  type Sums = Record<string, number>;
  const { roles } = world.views.roles(viewer) as {
    roles: { resources: Sums; reserved: Sums; quota: { consumed: Sums } }[];
  };
  expect(roles.map(({ resources }) => resources[name])).toEqual([3, undefined]);
  expect(roles.map(({ reserved }) => reserved[name])).toEqual([undefined, 2]);
  expect(roles.map(({ quota }) => quota.consumed[name])).toEqual([undefined, 2]);
  const shown = world.read({ type: MasterCall_Type.GET_ROLES }).get_roles?.roles?.[0]?.resources;
  expect(shown?.find((it) => it.name === name)?.scalar?.value).toBe(3);
  const metrics = new Map(Object.entries(world.views.metrics(world.nowMs)));
  expect(metrics.get(`allocator/mesos/resources/${name}/total`)).toBe(5);
  expect(metrics.get(`allocator/mesos/resources/${name}/offered_or_allocated`)).toBe(3);
  const consumed = `allocator/mesos/quota/roles/kept/resources/${name}/consumed`;
  expect(metrics.get(consumed)).toBe(2);
});
