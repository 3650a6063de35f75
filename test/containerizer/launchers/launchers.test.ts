// What an agent that is not root is told at its start of a machine without user namespaces. The
// machine is made so in namespaces of the test's own, which needs root.
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lookAtHost } from '../../../src/containerizer/host/host.ts';
import { Users } from '../../../src/containerizer/host/users.ts';
import { openLauncher } from '../../../src/containerizer/launchers/launchers.ts';
import { RunRecords } from '../../../src/containerizer/records/run-records.ts';
import { WorkDirectory } from '../../../src/containerizer/work-directory.ts';
import { programs, temporaryFolder } from '../../agent-driver/harness.ts';

/** As an agent that is not root opens it, with a supervisor program that runs after `change`. */
async function open(change: string, ...isolation: string[]): Promise<void> {
  using folder = temporaryFolder();
  for (const name of readdirSync(programs[0] ?? '').filter((it) => it.startsWith('supervisor-'))) {
    const script = `${change} && exec '${join(programs[0] ?? '', name)}' "$@"`;
    writeFileSync(
      join(folder.path, name),
      `#!/bin/sh\nexec unshare -Urm sh -c '${script.replaceAll("'", `'"'"'`)}' sh "$@"\n`,
      { mode: 0o755 },
    );
  }
  const work = new WorkDirectory(folder.path);
  const launcher = await openLauncher('linux', {
    host: { ...lookAtHost({}), isRoot: false },
    work,
    records: new RunRecords(work),
    users: new Users(),
    programs: [folder.path],
    ociRuntime: undefined,
    isolation,
    hasDocker: false,
    warn: () => {},
    sweep: async () => {},
  });
  await launcher.close();
}

test('a machine that lets the agent’s user have no user namespaces is named at start', async () => {
  const none = 'echo 0 > /proc/sys/user/max_user_namespaces';
  await expect(open(none, 'filesystem/linux')).rejects.toThrow(
    '--launcher=linux of an agent that is not root needs user namespaces, and this machine lets ' +
      `user ${process.geteuid?.()} have none that serve: no user namespace can be made: ` +
      '/proc/sys/user/max_user_namespaces allows no more',
  );
});

test('where a part of /proc is hidden, there are no process ids of their own', async () => {
  const hidden = 'mount -t tmpfs none /proc/sys';
  await open(hidden, 'filesystem/linux');
  await expect(open(hidden, 'filesystem/linux', 'namespaces/pid')).rejects.toThrow(
    'no /proc can be mounted in a user namespace: Operation not permitted',
  );
});
