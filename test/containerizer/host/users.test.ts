// Users of this machine, by its own name service. Needs root, as the agent does to switch users.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { localNames, Users } from '../../../src/containerizer/host/users.ts';
import { temporaryFolder } from '../../agent-driver/harness.ts';

describe('a user', () => {
  test('is looked up by its exact name, with all of its groups', async () => {
    expect(await new Users().identity('nobody')).toEqual({
      uid: 65534,
      gid: 65534,
      groups: [65534],
    });
  });

  test.each([
    ['', 'the name of the user is empty'],
    ['0', 'is a number'],
    ['+0', 'is a number'],
    [' 0', 'is a number'],
    ['65534', 'is a number'],
    ['root ', 'is not the name of a user'],
    ['-u', 'is not the name of a user'],
    ['ROOT', "'ROOT': no such user on this machine"],
    ['no-such-user', "'no-such-user': no such user on this machine"],
  ])('is not %j', async (user, why) => {
    await expect(new Users().identity(user)).rejects.toThrow(why);
  });

  test('is found by its uid where a sandbox says whose it is', async () => {
    expect(await new Users().withId(65534)).toMatchObject({ uid: 65534, gid: 65534 });
    await expect(new Users().withId(3_999_999_999)).rejects.toThrow('no such user');
  });
});

describe('a user with several names', () => {
  test('is read from the list of accounts', () => {
    const accounts =
      'root:x:0:0::/root:/bin/sh\n# note\n\ntoor:x:0:0::/:/bin/sh\nu:x:1:0::/:/\nodd::\n';
    expect(localNames(0, accounts)).toEqual(['root', 'toor']);
    expect(localNames(7, accounts)).toEqual([]);
  });

  /** What `Users` returns on a machine with two more accounts. */
  function onSuchMachine(user: string, denied: string): string {
    using folder = temporaryFolder();
    const accounts = join(folder.path, 'passwd');
    writeFileSync(
      accounts,
      `${readFileSync('/etc/passwd', 'utf8')}toor:x:0:0::/:/bin/sh\nalias:x:65534:65534::/:/bin/sh\n`,
    );
    const users = JSON.stringify(
      join(import.meta.dirname, '../../../src/containerizer/host/users.ts'),
    );
    const program = `
      import { Users } from ${users};
      const mayRunAs = (name) => name !== ${JSON.stringify(denied)};
      const say = (it) => process.stdout.write(JSON.stringify(it));
      new Users().identity(${JSON.stringify(user)}, mayRunAs).then(say, (e) => say(e.message));`;
    const script = 'mount --bind "$1" /etc/passwd && exec "$2" --input-type=module -e "$3"';
    return execFileSync(
      'unshare',
      ['--mount', 'sh', '-c', script, 'sh', accounts, process.execPath, program],
      { encoding: 'utf8' },
    );
  }

  test('may run under none of them where one is denied', () => {
    expect(onSuchMachine('alias', 'nobody')).toContain(
      "Not authorized to run as user 'alias': it is user 'nobody' on this machine",
    );
    expect(onSuchMachine('nobody', 'alias')).toContain("it is user 'alias'");
    expect(onSuchMachine('root', 'toor')).toContain("it is user 'toor'");
    expect(onSuchMachine('alias', 'toor')).toBe('{"uid":65534,"gid":65534,"groups":[65534]}');
  });

  test('is root by that name only, which a master can bar', () => {
    expect(onSuchMachine('toor', '')).toContain("'toor': it is root on this machine");
    expect(onSuchMachine('root', '')).toBe('{"uid":0,"gid":0,"groups":[0]}');
  });
});
