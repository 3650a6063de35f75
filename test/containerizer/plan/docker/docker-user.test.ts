// Who a container of type DOCKER runs as, by the accounts of its image.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ContainerizerError } from '../../../../src/containerizer/containerizer-error.ts';
import { insideUser } from '../../../../src/containerizer/plan/docker/docker-user.ts';

const accounts = {
  users:
    '# comment\nroot:x:0:0:root:/root:/bin/sh\napp:x:1234:100::/home/app:/bin/sh\nhomeless:x:5:6:::\n',
  groups: 'root:x:0:\nusers:x:100:\nextra:x:2000:app,other\nroots:x:3:root\n',
};
const user = (asked: string, more: string[] = []) => insideUser(asked, more, accounts);

test('a name has what its entry says', () => {
  expect(user('app')).toEqual({ uid: 1234, gid: 100, groups: [100, 2000], home: '/home/app' });
  expect(user('')).toEqual({ uid: 0, gid: 0, groups: [0, 3], home: '/root' });
  expect(user('homeless')).toEqual({ uid: 5, gid: 6, groups: [6], home: '/' });
});

test('a number needs no entry, and has one where there is one', () => {
  expect(user('1234')).toEqual(user('app'));
  expect(user('77')).toEqual({ uid: 77, gid: 0, groups: [0], home: '/' });
});

test('a group that is named is the only one, but for those that are added', () => {
  expect(user('app:extra')).toEqual({ uid: 1234, gid: 2000, groups: [2000], home: '/home/app' });
  expect(user('77:78', ['users', '9'])).toEqual({
    uid: 77,
    gid: 78,
    groups: [78, 100, 9],
    home: '/',
  });
});

test('whatever accounts say, an id is one of the kernel’s', () => {
  const part = fc.oneof(
    fc.constantFrom('', '0', '7', '4294967295', '-1', 'app', ' 1'),
    fc.string(),
  );
  const line = fc.array(part, { maxLength: 8 }).map((parts) => parts.join(':'));
  const text = fc.array(line, { maxLength: 4 }).map((lines) => lines.join('\n'));
  fc.assert(
    fc.property(
      part,
      fc.array(part, { maxLength: 2 }),
      text,
      text,
      (asked, more, users, groups) => {
        try {
          const found = insideUser(asked, more, { users, groups });
          for (const id of [found.uid, found.gid, ...found.groups]) {
            expect(Number.isInteger(id) && id >= 0 && id < 2 ** 32 - 1).toBe(true);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(ContainerizerError);
        }
      },
    ),
    { numRuns: 1_000 },
  );
});

test('what the image does not know is told, and no number wraps around', () => {
  expect(() => user('none')).toThrow("the image has no user 'none' in its /etc/passwd");
  expect(() => user('app:none')).toThrow("the image has no group 'none' in its /etc/group");
  expect(() => user('4294967295')).toThrow("the image has no user '4294967295'");
  expect(() => insideUser('app', [], { users: '', groups: '' })).toThrow("no user 'app'");
});
