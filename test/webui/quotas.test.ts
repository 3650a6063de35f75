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
