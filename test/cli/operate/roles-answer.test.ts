import { expect, test } from 'vitest';
import { rolesOf } from '../../../src/cli/operate/role/roles-answer.ts';
import { WireError } from '../../../src/wire/wire-error.ts';

const answered = (answer: unknown) => rolesOf({ get: async () => answer });
const one = (role: unknown) => ({ roles: [role] });

test('roles are read as they are answered', async () => {
  const role = {
    name: 'dev',
    weight: 2,
    frameworks: ['f'],
    allocated: { cpus: 1, ports: '[1-2]' },
    quota: { limit: { cpus: 4 } },
  };
  expect(await answered(one(role))).toEqual(one(role));
  expect(await answered({})).toEqual({ roles: [] });
});

test.each([
  [null, 'an object'],
  [undefined, 'an object'],
  [[], 'an object'],
  ['roles', 'an object'],
  [{ roles: 5 }, "a list as 'roles'"],
  [{ roles: null }, "a list as 'roles'"],
  [one(null), 'objects as roles'],
  [one('dev'), 'objects as roles'],
  [one({ name: 5 }), "a string in 'name'"],
  [one({ weight: '1' }), "a number in 'weight'"],
  [one({ weight: null }), "a number in 'weight'"],
  [one({ frameworks: 5 }), "a list as 'frameworks'"],
  [one({ frameworks: [{}] }), "a string in 'frameworks'"],
  [one({ allocated: [] }), "an object as 'allocated'"],
  [one({ reserved: null }), "an object as 'reserved'"],
  [one({ quota: 'x' }), "an object as 'quota'"],
  [one({ quota: { consumed: 1 } }), "an object as 'consumed'"],
])('what is no answer of roles is told in a line: %j', async (answer, what) => {
  const error = await answered(answer).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(WireError);
  expect((error as Error).message).toBe(
    `What the master answers at /roles cannot be read: expected ${what}`,
  );
});
