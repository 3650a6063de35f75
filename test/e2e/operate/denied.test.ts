// What operators may not see of a cluster as a whole: commands say so, with a status of its own.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MESOSCALE } from '../../support/bundle.ts';
import { type Ended, OperatedCluster } from '../../support/operators.ts';
import { Running } from '../../support/running.ts';

const NONE = { type: 'NONE' };
const bob = { values: ['bob'] };

const cluster = new OperatedCluster();
beforeAll(() =>
  cluster.startWith({
    get_endpoints: [{ principals: bob, paths: NONE }],
    view_frameworks: [{ principals: bob, users: NONE }],
    view_roles: [{ principals: bob, roles: NONE }],
    get_quotas: [{ principals: bob, roles: NONE }],
  }),
);
afterAll(() => cluster.stop());

async function anonymous(...words: string[]): Promise<Ended> {
  const running = new Running(process.execPath, [
    ...[MESOSCALE, ...words, `--master=${cluster.address}`],
  ]);
  const status = await running.status;
  return { status, output: running.output, errors: running.errors };
}

test('who asks must be known', async () => {
  const ends = await Promise.all(
    [['events'], ['top'], ['metrics'], ['health'], ['version'], ['plan', 'weight', 'eng=2']].map(
      (words) => anonymous(...words),
    ),
  );
  for (const { status, output, errors } of ends) {
    expect([status, output]).toEqual([4, '']);
    expect(errors).toContain('say --principal and --secret, or use a context');
  }
});

test('figures are for who may see them, and health, which is made of them', async () => {
  const [metrics, health, mine] = await Promise.all([
    cluster.as('bob', 'metrics'),
    cluster.as('bob', 'health'),
    cluster.as('ada', 'metrics', 'master/elected', '--no-headers'),
  ]);
  expect([metrics.status, health.status]).toEqual([4, 4]);
  expect(metrics.errors).toContain('mesoscale metrics: not allowed (');
  expect(mine).toMatchObject({ status: 0, output: 'master/elected  1\n' });
});

test('a plan and a table have nothing that who asks may not see', async () => {
  const [plan, top] = await Promise.all([
    cluster.as('bob', 'plan', 'weight', 'eng=2'),
    cluster.as('bob', 'top', 'roles'),
  ]);
  expect([plan.status, plan.output]).toEqual([4, '']);
  expect(plan.errors).toContain("The role 'eng' may not be viewed");
  expect(top).toMatchObject({ status: 0, errors: '0 roles, by what is allocated\n' });
});

test('a quota is set without a word about roles that who asks may not see', async () => {
  const set = await cluster.as('bob', 'quota', 'set', 'eng', 'cpus:3', '--dry-run');
  expect(set.status).toBe(0);
  expect(set.errors).not.toContain('not in use');
});

test('what may not be seen of a quota is not taken for none, and lost', async () => {
  const guaranteed = ['quota', 'set', 'eng', '--guarantees=cpus:2', '--force'];
  expect(await cluster.as('ada', ...guaranteed)).toMatchObject({ status: 0 });
  const limited = await cluster.as('bob', 'quota', 'set', 'eng', 'cpus:3', '--dry-run');
  expect(limited).toMatchObject({ status: 4, output: '' });
  expect(limited.errors).toContain('say LIMITS and --guarantees');
  const both = ['quota', 'set', 'eng', 'cpus:3', '--guarantees=none', '--dry-run'];
  expect(await cluster.as('bob', ...both)).toMatchObject({ status: 0 });
});
