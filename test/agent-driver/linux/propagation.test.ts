// What is mounted in a volume while a container has it: on the machine, and in the container. This
// needs root, and both OCI runtimes.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lookAtHost } from '../../../src/containerizer/host/host.ts';
import {
  MountPropagation_Mode,
  type Volume,
  Volume_Mode,
  Volume_Source_Type,
} from '../../../src/model/generated/messages.ts';
import { withVolumes } from '../../containerizer/volumes/asked-volumes.ts';
import { mounted } from '../../support/mounted.ts';
import { DriverHarness, temporaryFolder } from '../harness.ts';
import { appeared } from '../outside.ts';

const { BIDIRECTIONAL, HOST_TO_CONTAINER } = MountPropagation_Mode;
const { programs } = lookAtHost({});
const runtimes = (['crun', 'runc'] as const).flatMap((name) => programs.get(name) ?? []);

let folder: ReturnType<typeof temporaryFolder>;
let disk: Disposable;
let harness: DriverHarness;
const at = (...names: string[]) => join(folder.path, ...names);

async function open(ociRuntime: string): Promise<void> {
  harness = await DriverHarness.open(at('work'), {
    isolation: ['filesystem/linux', 'posix/cpu'],
    launcher: 'linux',
    ociRuntime,
  });
}

beforeEach(() => {
  folder = temporaryFolder();
  mkdirSync(at('work'));
  disk = mounted(at('disk'));
  execFileSync('mount', ['--make-shared', at('disk')]);
  mkdirSync(at('disk/outer'));
  mkdirSync(at('disk/inner'));
  writeFileSync(at('disk/file'), 'text\n');
});

afterEach(async () => {
  await harness.end();
  disk[Symbol.dispose]();
  folder[Symbol.dispose]();
});

const volume = (
  mode: MountPropagation_Mode,
  path = at('disk'),
  more: Partial<Volume> = {},
): Partial<Volume> => ({
  source: {
    type: Volume_Source_Type.HOST_PATH,
    host_path: { path, mount_propagation: { mode } },
  },
  ...more,
});

/** What a command prints that begins when the machine has mounted something in the volume. */
async function printed(value: string, ...volumes: Partial<Volume>[]): Promise<string> {
  const id = harness.launch({
    task: {
      command: { value: `touch up; until [ -e go ]; do sleep 0.01; done; ${value}` },
      container: withVolumes(...volumes),
    },
  });
  await appeared(harness.inSandbox(id, 'up'));
  using _ = mounted(at('disk/outer'));
  writeFileSync(at('disk/outer/seen'), '');
  writeFileSync(harness.inSandbox(id, 'go'), '');
  await harness.terminalStatus(id);
  return readFileSync(harness.inSandbox(id, 'stdout'), 'utf8');
}

const MOUNT = 'mount -t tmpfs none in/inner && touch in/inner/made';

test.each(runtimes)('%s: a volume shows what the machine mounts, and keeps its own', async (it) => {
  await open(it);
  expect(await printed(`ls in/outer; ${MOUNT}; cat in/file`, volume(HOST_TO_CONTAINER))).toBe(
    'seen\ntext\n',
  );
  expect(existsSync(at('disk/inner/made'))).toBe(false);
  const closed = volume(HOST_TO_CONTAINER, at('disk'), { mode: Volume_Mode.RO });
  expect(await printed('ls in/outer; touch in/x || echo closed', closed)).toBe('seen\nclosed\n');
});

test.each(runtimes)('%s: all of a container shows what the machine mounts later', async (it) => {
  await open(it);
  // Where the runtime makes its mounts private, they follow the machine's soon.
  const follows = `grep -q ' ${at('disk')} .* master:' /proc/self/mountinfo`;
  const id = harness.launch({
    user: 'nobody',
    task: {
      command: {
        value:
          `until ${follows}; do sleep 0.01; done; touch up; until [ -e go ]; do sleep 0.01; done; ` +
          `ls ${at('disk/outer')} in/outer`,
      },
      container: withVolumes(volume(MountPropagation_Mode.UNKNOWN)),
    },
  });
  await appeared(harness.inSandbox(id, 'up'));
  using _ = mounted(at('disk/outer'));
  writeFileSync(at('disk/outer/seen'), '');
  writeFileSync(harness.inSandbox(id, 'go'), '');
  await harness.terminalStatus(id);
  expect(readFileSync(harness.inSandbox(id, 'stdout'), 'utf8')).toBe(
    `${at('disk/outer')}:\nseen\n\nin/outer:\nseen\n`,
  );
});

test.each(runtimes)('%s: a bidirectional volume shows the machine what is mounted', async (it) => {
  await open(it);
  const file = volume(BIDIRECTIONAL, at('disk/file'), { container_path: 'file' });
  expect(await printed(`ls in/outer; ${MOUNT}; cat file`, volume(BIDIRECTIONAL), file)).toBe(
    'seen\ntext\n',
  );
  expect(existsSync(at('disk/inner/made'))).toBe(true);
  execFileSync('umount', [at('disk/inner')]);
  // At its own path, too; and nothing but the volume is shared with the machine.
  const there = volume(BIDIRECTIONAL, at('disk'), { container_path: at('disk') });
  const elsewhere = 'mount -t tmpfs none /mnt && touch /mnt/made';
  await printed(`cd ${at('.')}; ${MOUNT.replaceAll('in/', 'disk/')}; ${elsewhere}`, there);
  expect(existsSync(at('disk/inner/made'))).toBe(true);
  expect(existsSync('/mnt/made')).toBe(false);
  execFileSync('umount', [at('disk/inner')]);
});

test('a volume whose mounts cannot be shown is refused', async () => {
  await open(programs.get('crun') ?? '');
  const refused = (asked: Partial<Volume>[], user = 'root') =>
    harness.outcome({ user, task: { container: withVolumes(...asked) } });
  mkdirSync(at('private'));
  using _ = mounted(at('private'));
  expect(await refused([volume(BIDIRECTIONAL, at('private'))])).toBe(
    `Cannot setup bidirectional mount propagation for host path '${at('private')}' because it is not under a shared mount`,
  );
  expect(await refused([volume(BIDIRECTIONAL)], 'nobody')).toMatch(
    /^Cannot setup bidirectional mount propagation for host path '.*': it is for containers of root/,
  );
  const inner = volume(MountPropagation_Mode.UNKNOWN, at('disk'), { container_path: 'in/deep' });
  expect(await refused([volume(BIDIRECTIONAL), inner])).toMatch(
    /^The volume at '.*\/in\/deep' lies in one with 'mount_propagation', at '.*\/in'$/,
  );
});
