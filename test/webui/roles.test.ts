// Roles as the page reads them from the master's answer.
import { expect, test } from 'vitest';
import { hasQuota, parentsOf, roleRows, unfolded } from '../../src/webui/store/roles.ts';
import { quotaWords } from '../../src/webui/words/quotas.ts';

test('each role comes after that above it, with its own name', () => {
  const names = ['*', 'a', 'a-b', 'a-b/c', 'a/b', 'a/b/c', 'ab', 'x/y/z'];
  const rows = roleRows({ roles: names.map((name) => ({ name })) });
  // Nobody may see `x`.
  expect(rows.map(({ depth, ownName }) => `${depth} ${ownName}`)).toEqual([
    ...['0 *', '0 a', '1 b', '2 c', '0 a-b', '1 c', '0 ab', '0 x/y/z'],
  ]);
  expect(rows[0]).toMatchObject({ weight: 1, frameworks: [], allocated: [0, 0, 0, 0] });
  expect(roleRows({})).toEqual([]);
});

test('what is below a folded role is not shown', () => {
  const rows = roleRows({
    roles: ['a', 'a/b', 'a/b/c', 'a/d', 'ab', 'e', 'e/f'].map((name) => ({ name })),
  });
  expect([...parentsOf(rows)]).toEqual(['a', 'a/b', 'e']);
  const shown = (...folded: string[]) => unfolded(rows, new Set(folded)).map(({ name }) => name);
  expect(shown('a/b')).toEqual(['a', 'a/b', 'a/d', 'ab', 'e', 'e/f']);
  expect(shown('a', 'a/b', 'e')).toEqual(['a', 'ab', 'e']);
  expect(shown('ab')).toHaveLength(7);
});

test('a limit of nothing is another than none', () => {
  const [row] = roleRows({
    roles: [
      {
        name: 'a',
        allocated: { cpus: 0.3, mem: 64, ports: '[1-2]' },
        quota: { limit: { cpus: 0, ports: '[1-2]' }, consumed: { cpus: 0.3 } },
      },
    ],
  });
  expect(row).toMatchObject({
    allocated: [300, 64_000, 0, 0],
    consumed: [300, 0, 0, 0],
    guarantee: [undefined, undefined, undefined, undefined],
    limit: [0, undefined, undefined, undefined],
  });
  expect(row !== undefined && hasQuota(row)).toBe(true);
  expect(roleRows({ roles: [{ name: 'a', quota: {} }] }).some(hasQuota)).toBe(false);
});

test('what is taken of a quota is said in words', () => {
  expect(quotaWords({ name: 'cpus', consumed: 500, guarantee: undefined, limit: 0 })).toBe(
    '0.5 taken, nothing guaranteed, limit 0',
  );
  expect(quotaWords({ name: 'mem', consumed: 0, guarantee: 512_000, limit: undefined })).toBe(
    '0 B taken, 512.0 MB guaranteed, no limit',
  );
});
