// Quotas and weights as they are chosen in a form.

import { expect, test } from 'vitest';
import {
  chosenOfConfig,
  chosenOfQuota,
  isSameQuota,
  quotaConfigOf,
  quotaProblem,
  quotaResources,
  weightProblem,
} from '../../src/webui/calls/quotas.ts';
import { fullQuotas } from '../../src/webui/store/quota-metrics.ts';

test('a form that nobody has touched says the quota that there is', () => {
  const chosen = chosenOfQuota('web', {
    guarantees: { cpus: 0.1, bananas: 2 },
    limits: { cpus: 1e15 },
  });
  expect(quotaConfigOf({ ...chosen, force: 'true', kind: 'quota' })).toEqual({
    role: 'web',
    guarantees: { cpus: { value: 0.1 }, bananas: { value: 2 } },
    limits: { cpus: { value: 1e15 } },
  });
  expect(chosenOfConfig(quotaConfigOf(chosen))).toEqual(chosen);
  expect(quotaResources(chosen)).toEqual(['cpus', 'mem', 'disk', 'gpus', 'bananas']);
  expect(quotaProblem(chosen)).toBeUndefined();
});

test('what is left empty is not limited, which is another than nothing', () => {
  const chosen = { role: 'web', 'at-most-cpus': '0', 'at-most-mem': '' };
  expect(quotaConfigOf(chosen).limits).toEqual({ cpus: { value: 0 } });
});

test.each([
  [{}, 'Say for which role.'],
  [{ role: 'a b' }, /whitespace/],
  [{ role: 'a/b' }, 'Quotas are for roles at the top, not for a/b.'],
  [{ role: 'a', 'at-least-mem': '-1' }, 'Memory: “-1” is no amount.'],
  [{ role: 'a', 'at-most-x': '1.0001' }, 'x: 1.0001 has more than three decimals.'],
  [{ role: 'a', 'at-least-cpus': '3', 'at-most-cpus': '2' }, /3 at least is more than 2 at most/],
])('%j is no quota', (chosen, words) => {
  expect(quotaProblem(chosen)).toMatch(words);
});

test('a weight is more than nothing', () => {
  expect(weightProblem({ role: 'a/b', weight: '0.5' })).toBeUndefined();
  for (const weight of ['', '0', '-1', 'x', 'Infinity', '0.0001']) {
    expect(weightProblem({ role: 'a', weight }), weight).toBeDefined();
  }
});

test('quotas are compared by what they say, in whatever order', () => {
  const quota = { guarantees: {}, limits: { cpus: 1, mem: 2 } };
  expect(isSameQuota(quota, { guarantees: {}, limits: { mem: 2, cpus: 1 } })).toBe(true);
  expect(isSameQuota(quota, { guarantees: {}, limits: { mem: 2 } })).toBe(false);
  expect(isSameQuota(quota, { guarantees: { gpus: 1 }, limits: quota.limits })).toBe(false);
});

test('a role is told of where it has used up a limit, or has more', () => {
  const gauge = (role: string, name: string, limit: number, consumed: number) => {
    const key = `allocator/mesos/quota/roles/${role}/resources/${name}`;
    return [
      [`${key}/limit`, limit],
      [`${key}/consumed`, consumed],
    ] as const;
  };
  const metrics = new Map([
    ...gauge('eng', 'cpus', 4, 4),
    ...gauge('eng', 'mem', 4, 5),
    ...gauge('eng', 'disk', 4, 3),
    ...gauge('closed', 'cpus', 0, 0),
    ...gauge('a/resources/b', 'cpus', 1, 1),
    ['master/cpus_total', 4] as const,
  ]);
  expect(fullQuotas(metrics)).toEqual([
    { role: 'a/resources/b', resources: ['cpus'], isOver: false },
    { role: 'eng', resources: ['cpus', 'mem'], isOver: true },
  ]);
});
