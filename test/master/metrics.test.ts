// Metrics of roles, frameworks and principals, whose names depend on the cluster.
import { expect, test } from 'vitest';
import { MasterCall_Type } from '../../src/model/generated/messages.ts';
import { cluster, World } from './harness.ts';

const quota = 'allocator/mesos/quota/roles';
const metricsOf = (world: World) => world.views.metrics(world.nowMs);

test('every role that consumes some of its quota says so, with a quota or without', () => {
  const { world, framework } = cluster();
  expect(metricsOf(world)[`${quota}/dev/resources/cpus/consumed`]).toBeUndefined();
  framework.launch(framework.offer(), 't1');
  world.agent({ pid: 'slave(1)@10.0.0.3:5051', resources: 'cpus(kept/a):2;mem:64' });
  world.operate({
    type: MasterCall_Type.UPDATE_QUOTA,
    update_quota: {
      force: true,
      quota_configs: [{ role: 'idle', guarantees: { mem: { value: 32 } } }],
    },
  });
  expect(metricsOf(world)).toMatchObject({
    [`${quota}/dev/resources/cpus/consumed`]: 1,
    [`${quota}/dev/resources/mem/consumed`]: 64,
    [`${quota}/kept/resources/cpus/consumed`]: 2,
    [`${quota}/kept/a/resources/cpus/consumed`]: 2,
    [`${quota}/idle/resources/mem/consumed`]: 0,
    [`${quota}/idle/resources/mem/guarantee`]: 32,
    [`${quota}/idle/resources/mem/offered_or_allocated`]: 0,
  });
  expect(metricsOf(world)[`${quota}/dev/resources/cpus/offered_or_allocated`]).toBeUndefined();
});

test('the amounts of an empty cluster are nought', () => {
  expect(metricsOf(new World())).toMatchObject({
    'allocator/mesos/resources/cpus/total': 0,
    'allocator/mesos/resources/disk/total': 0,
    'allocator/mesos/resources/mem/offered_or_allocated': 0,
  });
});

test('figures have the begin of a long name, and the id', () => {
  const world = new World();
  const name = 'n'.repeat(300_000);
  const ids = [world.framework({ name }).id, world.framework({ name }).id];
  const metrics = metricsOf(world);
  for (const id of ids) {
    expect(metrics).toHaveProperty([
      `master/frameworks/${'n'.repeat(256)}%E2%80%A6/${id}/subscribed`,
    ]);
  }
  expect(Math.max(...Object.keys(metrics).map((key) => key.length))).toBeLessThan(512);
});

test('figures have the begin of a long principal, which counts all that begin so', () => {
  const world = new World();
  const begin = 'p'.repeat(300_000);
  world.framework({ principal: `${begin}1` });
  world.framework({ principal: `${begin}2` });
  const metrics = metricsOf(world);
  const prefix = `frameworks/${'p'.repeat(256)}…`;
  expect(metrics).toHaveProperty([`${prefix}/messages_received`], 2);
  expect(metrics).toHaveProperty([`${prefix}/messages_processed`], 2);
  expect(Math.max(...Object.keys(metrics).map((key) => key.length))).toBeLessThan(512);
});

test('a framework is found under its name as Mesos writes it, and its calls by its principal', () => {
  const world = new World();
  const framework = world.framework({ name: 'a b/c~d\ud800', principal: 'me' });
  framework.call('SUPPRESS');
  const metrics = metricsOf(world);
  const prefix = `master/frameworks/a%20b%2Fc%7Ed%EF%BF%BD/${framework.id}`;
  expect(metrics).toMatchObject({
    [`${prefix}/subscribed`]: 1,
    [`${prefix}/calls/suppress`]: 1,
    [`${prefix}/roles/dev/suppressed`]: 1,
    'frameworks/me/messages_received': 2,
    'frameworks/me/messages_processed': 2,
  });
});

test('calls of a principal stay counted until its last framework is gone', () => {
  const world = new World();
  const [first, second, other] = ['a', 'b', 'c'].map((name) =>
    world.framework({ name, principal: name === 'c' ? 'you' : 'me' }),
  );
  first?.call('SUPPRESS');
  const counted = () =>
    ['me', 'you'].map((principal) => metricsOf(world)[`frameworks/${principal}/messages_received`]);
  expect(counted()).toEqual([3, 1]);
  first?.call('TEARDOWN');
  expect(counted()).toEqual([4, 1]);
  second?.call('SUPPRESS');
  expect(counted()).toEqual([5, 1]);
  other?.call('TEARDOWN');
  expect(counted()).toEqual([5, undefined]);
  second?.call('TEARDOWN');
  world.framework({ name: 'd', principal: 'me' });
  expect(counted()).toEqual([1, undefined]);
});
