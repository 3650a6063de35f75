import { expect, test } from 'vitest';
import { roleError } from '../../src/model/role.ts';

const deep = (levels: number) => Array.from({ length: levels }, () => 'a').join('/');

test('roles have bounds, and an error does not repeat what is beyond them', () => {
  expect(roleError(deep(64))).toBeUndefined();
  expect(roleError('r'.repeat(1024))).toBeUndefined();
  expect(roleError(deep(65))).toContain('65 components');
  const long = roleError('r'.repeat(1_000_000));
  expect(long).toContain('1024 characters');
  expect(long?.length).toBeLessThan(100);
});
