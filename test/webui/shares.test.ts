// Shares and refusals, as the page reads them from the master's answer in JSON.
import { expect, test } from 'vitest';
import { FrameworkRow } from '../../src/webui/store/rows.ts';
import { greatest, refusedBy, sharesOf } from '../../src/webui/store/shares.ts';
import { frameworkCondition } from '../../src/webui/words/conditions.ts';

test('each framework is told of in each of its roles', () => {
  const shares = sharesOf({
    roles: [{ role: 'eng', share: 0.5, resource: 'cpus', weighted_share: 0.25 }],
    frameworks: [
      {
        ...{ framework_id: { value: 'f' }, role: 'eng', share: 0.5, resource: 'cpus' },
        ...{ suppressed: true, allocated: { cpus: { value: 0.3 }, ports: { value: 9 } } },
      },
      {
        ...{ framework_id: { value: 'f' }, role: 'ops', offered: { mem: { value: 64 } } },
        ...{ refusals: 3, latest_end: { nanoseconds: 9e15 } },
      },
    ],
  });
  expect(shares.roles.get('eng')).toEqual({ share: 0.5, resource: 'cpus', weighted: 0.25 });
  const [eng, ops] = shares.byFramework.get('f') ?? [];
  expect(eng).toMatchObject({ isSuppressed: true, allocated: [300, 0, 0, 0], refusals: 0 });
  expect(ops).toMatchObject({ offered: [0, 64_000, 0, 0], share: 0, refusesUntilMs: 9e9 });
  expect(greatest(shares.leaves)).toMatchObject({ share: 0.5, resource: 'cpus' });
  expect(greatest([])).toEqual({ share: 0, resource: '' });
  expect(refusedBy(shares.leaves)).toEqual({ refusals: 3, refusesUntilMs: 9e9 });
  expect(sharesOf({})).toMatchObject({ leaves: [], more: 0 });
});

test('a framework is suppressed where it is in all its roles', () => {
  const framework = new FrameworkRow();
  Object.assign(framework, { active: true, connected: true, roles: ['a', 'b'] });
  framework.suppressedRoles = ['b'];
  expect(frameworkCondition(framework).key).toBe('active');
  framework.suppressedRoles = ['b', 'a'];
  expect(frameworkCondition(framework).key).toBe('suppressed');
  framework.active = false;
  expect(frameworkCondition(framework).key).toBe('inactive');
});
