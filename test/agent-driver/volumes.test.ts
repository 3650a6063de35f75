// Persistent volumes with real processes: data that a task leaves is there for the next task.
import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type Resource,
  Resource_DiskInfo_Source_Type,
  Resource_ReservationInfo_Type,
  TaskState,
  TaskStatus_Reason,
  Value_Type,
  Volume_Mode,
} from '../../src/model/generated/messages.ts';
import { mounted } from '../support/mounted.ts';
import { DriverHarness, sandboxPath, temporaryFolder } from './harness.ts';
import { appeared, disappeared } from './outside.ts';

let folder: ReturnType<typeof temporaryFolder>;
let harness: DriverHarness;

beforeEach(async () => {
  folder = temporaryFolder();
  harness = await DriverHarness.open(folder.path);
});

afterEach(async () => {
  await harness.end();
  folder[Symbol.dispose]();
});

interface VolumeOptions {
  readonly id?: string;
  readonly role?: string;
  readonly container_path?: string;
  readonly source?: NonNullable<Resource['disk']>['source'];
  readonly isShared?: boolean;
  readonly mode?: Volume_Mode;
}

const volume = (options: VolumeOptions = {}): Resource => ({
  name: 'disk',
  type: Value_Type.SCALAR,
  scalar: { value: 64 },
  reservations: [{ type: Resource_ReservationInfo_Type.DYNAMIC, role: options.role ?? 'kit' }],
  disk: {
    persistence: { id: options.id ?? 'v1' },
    volume: {
      container_path: options.container_path ?? 'data',
      mode: options.mode ?? Volume_Mode.RW,
    },
    ...(options.source === undefined ? {} : { source: options.source }),
  },
  ...(options.isShared === true ? { shared: {} } : {}),
});

const nobody = 65534;

const here = (...path: string[]) => join(folder.path, ...path);

/** The output of a command that runs as a task with the volume and must succeed. */
async function output(value: string, resource: Resource, user = 'root'): Promise<string> {
  const container = harness.launch({
    user,
    task: { command: { value }, resources: [resource] },
  });
  expect(await harness.terminalStatus(container)).toMatchObject({
    state: TaskState.TASK_FINISHED,
  });
  await harness.ended(container);
  return readFileSync(harness.inSandbox(container, 'stdout'), 'utf8');
}

const destroy = (path: string, kind: 'folder' | 'mount' = 'folder') =>
  harness.driver.perform({ type: 'collectGarbage', path, delayMs: 0, volume: kind });

const create = (path: string, kind: 'folder' | 'mount' = 'folder') =>
  harness.driver.perform({ type: 'createVolume', path, kind });

describe('a persistent volume', () => {
  test('is deleted by a later agent where its own was killed before it could', async () => {
    const place = { path: 'volumes/roles/kit/v1', kind: 'folder' } as const;
    create(place.path);
    writeFileSync(here(place.path, 'seed'), 'old');
    await harness.stored(harness.store([{ type: 'resources', resources: [], destroyed: [place] }]));
    await harness.driver.close();
    harness = await DriverHarness.open(folder.path);
    expect(existsSync(here(place.path))).toBe(false);
    create(place.path);
    writeFileSync(here(place.path, 'seed'), 'new');
    await harness.driver.close();
    harness = await DriverHarness.open(folder.path);
    expect(readFileSync(here(place.path, 'seed'), 'utf8')).toBe('new');
  });

  test('exists as soon as it is created, and every user can see it', async () => {
    create('volumes/roles/kit/v1');
    expect(statSync(here('volumes/roles/kit/v1')).mode & 0o777).toBe(0o755);
    writeFileSync(here('volumes/roles/kit/v1/seed'), 'kept');
    create('volumes/roles/kit/v1');
    expect(await output('cat data/seed', volume())).toBe('kept');
    // A mount is not created.
    create(here('disk'), 'mount');
    expect(existsSync(here('disk'))).toBe(false);
    expect(harness.logs.join()).toMatch(/Failed to create persistent volume '.*disk': ENOENT/);
  });

  test('keeps what a task has written for the next one of its role, and for no other', async () => {
    await output('echo kept > data/file', volume());
    expect(readFileSync(here('volumes/roles/kit/v1/file'), 'utf8')).toBe('kept\n');
    const elsewhere = volume({ container_path: 'other' });
    expect(await output('cat other/file', elsewhere)).toBe('kept\n');
    expect(await output('ls data', volume({ role: 'kit/sub' }))).toBe('');
    expect(await output('ls data', volume({ id: 'v2' }))).toBe('');
  });

  test('belongs to the user of its task, and then to the user of the next task (needs root)', async () => {
    const of = here('volumes/roles/kit/v1');
    await output('echo mine > data/file', volume(), 'nobody');
    expect(statSync(of)).toMatchObject({ uid: nobody, gid: nobody });
    expect(statSync(of).mode & 0o777).toBe(0o755);
    chownSync(of, 1, 1);
    expect(await output('echo more >> data/file; cat data/file', volume(), 'nobody')).toBe(
      'mine\nmore\n',
    );
    expect(statSync(of).uid).toBe(nobody);
    await output('true', volume());
    expect(statSync(of).uid).toBe(nobody);
  });

  test('that is shared keeps its owner while other tasks use it (needs root)', async () => {
    const shared = volume({ isShared: true });
    const value = 'echo > data/first; while ! test -e data/go; do sleep 0.02; done';
    const task = { command: { value }, resources: [shared] };
    const first = harness.launch({ user: 'nobody', task });
    await appeared(here('volumes/roles/kit/v1/first'));
    expect(await output('ls data', shared, 'daemon')).toBe('first\n');
    expect(statSync(here('volumes/roles/kit/v1')).uid).toBe(nobody);
    writeFileSync(here('volumes/roles/kit/v1/go'), '');
    await harness.terminalStatus(first);
    await harness.ended(first);
    await output('true', shared, 'daemon');
    expect(statSync(here('volumes/roles/kit/v1')).uid).not.toBe(nobody);
  });

  test('on which something is mounted keeps the owner that the operator gave it (needs root)', async () => {
    create('volumes/roles/kit/v1');
    using _ = mounted(here('volumes/roles/kit/v1'));
    await output('true', volume(), 'nobody');
    expect(statSync(here('volumes/roles/kit/v1')).uid).toBe(0);
  });

  test('outlives the sandboxes that lead to it', async () => {
    const task = { command: { value: 'echo kept > data/file' }, resources: [volume()] };
    const container = harness.launch({ task });
    await harness.terminalStatus(container);
    await harness.ended(container);
    expect(lstatSync(harness.inSandbox(container, 'data')).isSymbolicLink()).toBe(true);
    const path = sandboxPath(container);
    harness.driver.perform({ type: 'collectGarbage', path, delayMs: 0 });
    await disappeared(here(path));
    expect(readFileSync(here('volumes/roles/kit/v1/file'), 'utf8')).toBe('kept\n');
  });

  test.each(['/etc/data', '../data', 'a/../../b', 'a/b', '.', '..', ''])(
    'is not put at "%s": the task is not started',
    async (container_path) => {
      const resources = [volume({ container_path })];
      const container = harness.launch({ task: { resources } });
      expect((await harness.ended(container)).failure).toBe(
        `Container path '${container_path}' of persistent volume 'v1' is not a plain name in the sandbox`,
      );
      expect(harness.statuses(container)).toEqual([]);
      expect(existsSync(here('volumes'))).toBe(false);
    },
  );

  test('does not share its container path', async () => {
    const resources = [volume(), volume({ id: 'v2' })];
    const container = harness.launch({ task: { resources } });
    expect((await harness.ended(container)).failure).toContain("same container path 'data'");
  });
});

describe('destruction of a volume', () => {
  const path = 'volumes/roles/kit/v1';

  test('deletes its data, not what links in it lead to, and makes room at once', async () => {
    mkdirSync(here('outside'));
    writeFileSync(here('outside/file'), '');
    await output(`echo > data/file; mkdir data/deep; ln -s ${here('outside')} data/link`, volume());
    destroy(path);
    expect(await output('ls -A data; echo new > data/file', volume())).toBe('');
    await harness.driver.close();
    expect(readdirSync(here('volumes/destroyed'))).toEqual([]);
    expect(readdirSync(here('outside'))).toEqual(['file']);
    expect(readFileSync(here(path, 'file'), 'utf8')).toBe('new\n');
    harness = await DriverHarness.open(folder.path);
  });

  test('deletes only the link, where the operator has put the volume elsewhere', async () => {
    mkdirSync(here('outside'));
    mkdirSync(here('volumes/roles/kit'), { recursive: true });
    symlinkSync(here('outside'), here(path));
    await output('echo kept > data/file', volume());
    destroy(path);
    await harness.driver.close();
    expect(existsSync(here(path))).toBe(false);
    expect(readdirSync(here('outside'))).toEqual(['file']);
    harness = await DriverHarness.open(folder.path);
  });

  test('leaves a mount on it, and no new volume takes its place before that is gone (needs root)', async () => {
    await output('echo old > data/below', volume());
    const why = `Something is mounted on '${here(path)}', which stays as it is`;
    const fails = async () => {
      const container = harness.launch({ task: { resources: [volume()] } });
      expect((await harness.ended(container)).failure).toContain(why);
    };
    {
      using _ = mounted(here(path));
      writeFileSync(here(path, 'secret'), 'of the one before');
      expect(await output('ls data', volume())).toBe('secret\n');
      destroy(path);
      create(path);
      await fails();
      // The next agent does not forget it either.
      await harness.driver.close();
      harness = await DriverHarness.open(folder.path);
      expect(readdirSync(here(path))).toEqual(['secret']);
      await fails();
    }
    create(path);
    expect(await output('ls data; echo new > data/file', volume())).toBe('');
    await harness.driver.close();
    expect(readdirSync(here('volumes/destroyed'))).toEqual([]);
    expect(readdirSync(here('meta/pending'))).toEqual([]);
    harness = await DriverHarness.open(folder.path);
    expect(readdirSync(here(path))).toEqual(['file']);
  });

  test('that was not possible is done once, by the next agent that can (needs root)', async () => {
    await output('echo old > data/below', volume());
    {
      using _ = mounted(here(path));
      destroy(path);
      await harness.driver.close();
    }
    harness = await DriverHarness.open(folder.path);
    await disappeared(here(path));
    await output('echo new > data/file', volume());
    await harness.driver.close();
    harness = await DriverHarness.open(folder.path);
    expect(readdirSync(here(path))).toEqual(['file']);
  });

  test('leaves what is mounted on a leftover of it (needs root)', async () => {
    await harness.driver.close();
    mkdirSync(here('volumes/destroyed/left'), { recursive: true });
    using _ = mounted(here('volumes/destroyed/left'));
    writeFileSync(here('volumes/destroyed/left/file'), 'kept');
    harness = await DriverHarness.open(folder.path);
    await harness.driver.close();
    expect(readdirSync(here('volumes/destroyed/left'))).toEqual(['file']);
    expect(statSync(here('volumes/destroyed/left')).mode & 0o777).toBe(0o755);
    harness = await DriverHarness.open(folder.path);
  });

  test('works for a volume that no task has used', async () => {
    destroy(path);
    await harness.driver.close();
    expect(harness.logs.filter((text) => text.includes('volume'))).toEqual([]);
    harness = await DriverHarness.open(folder.path);
  });

  test('that was interrupted is carried on by the next agent, as is that of downloads', async () => {
    await harness.driver.close();
    mkdirSync(here('volumes/destroyed/left/deep'), { recursive: true });
    mkdirSync(here('downloads/left'), { recursive: true });
    writeFileSync(here('downloads/left/file'), 'half');
    harness = await DriverHarness.open(folder.path);
    await disappeared(here('volumes/destroyed/left'));
    await disappeared(here('downloads/left'));
  });
});

describe('disks of their own', () => {
  const { PATH, MOUNT, BLOCK } = Resource_DiskInfo_Source_Type;

  test('a path has volumes below it', async () => {
    const resource = volume({ source: { type: PATH, path: { root: here('disk') } } });
    await output('echo kept > data/file', resource);
    expect(readFileSync(here('disk/volumes/roles/kit/v1/file'), 'utf8')).toBe('kept\n');
    destroy(here('disk/volumes/roles/kit/v1'));
    expect(await output('ls data', resource)).toBe('');
  });

  test('that others may write to have no volume in a folder of theirs (needs root)', async () => {
    mkdirSync(here('disk/volumes'), { recursive: true });
    chmodSync(here('disk'), 0o1777);
    const resource = volume({ source: { type: PATH, path: { root: here('disk') } } });
    await output('echo kept > data/file', resource);
    // As if the folder had been there before the agent.
    chownSync(here('disk/volumes'), nobody, nobody);
    destroy(here('disk/volumes/roles/kit/v1'));
    const container = harness.launch({ task: { resources: [resource] } });
    expect((await harness.ended(container)).failure).toMatch(
      /'.*\/disk\/volumes' belongs to user 65534, who could exchange it$/,
    );
    expect(readFileSync(here('disk/volumes/roles/kit/v1/file'), 'utf8')).toBe('kept\n');
  });

  test('a mount is a volume, and stays when that is destroyed (needs root)', async () => {
    const resource = volume({ source: { type: MOUNT, mount: { root: here('disk') } } });
    const container = harness.launch({ task: { resources: [resource] } });
    expect((await harness.ended(container)).failure).toContain('ENOENT');
    using _ = mounted(here('disk'));
    await output('mkdir data/deep; echo > data/deep/file', resource, 'nobody');
    writeFileSync(Buffer.concat([Buffer.from(`${here('disk')}/`), Buffer.from([0xff])]), '');
    expect(readdirSync(here('disk')).toSorted()).toEqual(['deep', '\ufffd']);
    destroy(here('disk'), 'mount');
    await harness.driver.close();
    expect(readdirSync(here('disk'))).toEqual([]);
    expect(readdirSync(here('meta/destroyed'))).toEqual([]);
    harness = await DriverHarness.open(folder.path);
  });

  test('a mount is emptied before it is the next volume’s, however much is on it (needs root)', async () => {
    using _ = mounted(here('disk'));
    const resource = volume({ source: { type: MOUNT, mount: { root: here('disk') } } });
    await output('cd data && seq 2000 | xargs touch', resource, 'nobody');
    destroy(here('disk'), 'mount');
    // The volume is emptied in turns, so that others can work meanwhile.
    expect(readdirSync(here('disk')).length).toBeGreaterThan(1_000);
    expect(await output('ls data; echo new > data/file', resource, 'nobody')).toBe('');
    await harness.driver.close();
    expect(readdirSync(here('disk'))).toEqual(['file']);
    harness = await DriverHarness.open(folder.path);
  });

  test('a missing mount is reported, and the disk below stays as it is (needs root)', async () => {
    const resource = volume({ source: { type: MOUNT, mount: { root: here('disk') } } });
    {
      using _ = mounted(here('disk'));
      await output('true', resource);
    }
    writeFileSync(here('disk/below'), 'kept');
    const why = `No disk is mounted at '${here('disk')}' any more`;
    const container = harness.launch({ user: 'nobody', task: { resources: [resource] } });
    expect((await harness.ended(container)).failure).toContain(why);
    create(here('disk'), 'mount');
    destroy(here('disk'), 'mount');
    await harness.driver.close();
    expect(harness.logs.filter((text) => text.includes(why))).toEqual([
      expect.stringContaining('Failed to create persistent volume'),
      expect.stringContaining('Failed to delete persistent volume'),
    ]);
    expect(readdirSync(here('disk'))).toEqual(['below']);
    expect(statSync(here('disk')).uid).toBe(0);
    harness = await DriverHarness.open(folder.path);
    using _ = mounted(here('disk'));
    writeFileSync(here('disk/old'), 'of the volume that was destroyed meanwhile');
    expect(await output('echo > data/file; ls data', resource, 'nobody')).toBe('file\n');
  });

  test('deletions on them that were interrupted are carried on by the next agent (needs root)', async () => {
    using _ = mounted(here('mount'));
    const disks = [
      { type: PATH, path: { root: here('path') } },
      { type: MOUNT, mount: { root: here('mount') } },
    ];
    const resources = disks.map((source) => ({
      name: 'disk',
      type: Value_Type.SCALAR,
      scalar: { value: 64 },
      disk: { source },
    }));
    await harness.stored(harness.store([{ type: 'agent', agent: { hostname: 'h', resources } }]));
    await harness.driver.close();
    mkdirSync(here('path/volumes/destroyed/left'), { recursive: true });
    mkdirSync(here('meta/destroyed'), { mode: 0o700 });
    const asides = [];
    for (const progress of ['moving', 'moved']) {
      const id = randomUUID();
      const aside = here(`mount/.destroyed-${id}`);
      mkdirSync(join(aside, 'deep'), { recursive: true, mode: 0o700 });
      writeFileSync(here('meta/destroyed', id), `${statSync(aside).ino} ${progress}`);
      asides.push(aside);
    }
    writeFileSync(here('mount/file'), 'still to be moved');
    harness = await DriverHarness.open(folder.path);
    await disappeared(here('path/volumes/destroyed/left'));
    for (const aside of asides) {
      await disappeared(aside);
    }
    expect(readdirSync(here('mount'))).toEqual([]);
  });

  test('a folder that only looks left by a deletion is kept as data (needs root)', async () => {
    using _ = mounted(here('mount'));
    const source = { type: MOUNT, mount: { root: here('mount') } };
    const resources = [{ ...volume({ source }), disk: { source } }];
    await harness.stored(harness.store([{ type: 'agent', agent: { hostname: 'h', resources } }]));
    await harness.driver.close();
    const names = ['4', '5'].map((digit) => `.destroyed-${digit.repeat(36)}`);
    for (const name of names) {
      mkdirSync(here('mount', name), { mode: 0o700 });
      writeFileSync(here('mount', name, 'file'), 'kept');
    }
    mkdirSync(here('meta/destroyed'), { mode: 0o700 });
    const other = statSync(here('mount', String(names[1]))).ino + 1;
    writeFileSync(here('meta/destroyed', '5'.repeat(36)), `${other} moved`);
    harness = await DriverHarness.open(folder.path);
    await harness.driver.close();
    expect(readdirSync(here('mount')).toSorted()).toEqual(names);
    expect(readdirSync(here('mount', String(names[0])))).toEqual(['file']);
    harness = await DriverHarness.open(folder.path);
  });

  test('of other types are refused', async () => {
    const container = harness.launch({
      task: { resources: [volume({ source: { type: BLOCK } })] },
    });
    expect((await harness.ended(container)).failure).toContain('not supported');
  });
});

test.each([{}, { custom: { value: 'true' } }])(
  'a volume that must not be written to is refused: %o',
  async (more) => {
    const resources = [volume({ mode: Volume_Mode.RO })];
    const container = harness.launch({ task: { resources }, resources, ...more });
    expect((await harness.ended(container)).failure).toMatch(
      /'(executor\.)?resources\.disk\.volume\.mode' is not supported/,
    );
  },
);

test('the tasks of a group find volumes in their sandboxes, and later groups what they left', async () => {
  const groupOf = (value: string) =>
    harness.launch({
      resources: [volume()],
      group: [
        { name: 'with', command: { value }, resources: [volume()] },
        { name: 'without', command: { value: '! test -e data' } },
      ],
    });
  for (const value of ['echo kept > data/file', 'grep kept data/file']) {
    const container = groupOf(value);
    await harness.ended(container);
    expect(harness.states(container).filter((state) => state === 'TASK_FINISHED')).toHaveLength(2);
  }
  expect(readFileSync(here('volumes/roles/kit/v1/file'), 'utf8')).toBe('kept\n');
});

describe('custom executors', () => {
  const custom = { value: 'echo > ready; while ! test -e go; do sleep 0.02; done; ls data later' };

  test('have their own volumes, and those of tasks that come later', async () => {
    const container = harness.launch({ custom, resources: [volume()] });
    await appeared(harness.inSandbox(container, 'ready'));
    const later = volume({ id: 'v2', container_path: 'later' });
    harness.driver.perform({
      type: 'resizeContainer',
      containerId: container,
      resources: [volume(), later],
    });
    expect(readlinkSync(harness.inSandbox(container, 'later'))).toBe(here('volumes/roles/kit/v2'));
    writeFileSync(harness.inSandbox(container, 'later/file'), '');
    harness.driver.perform({
      type: 'resizeContainer',
      containerId: container,
      resources: [volume()],
    });
    expect(existsSync(harness.inSandbox(container, 'later'))).toBe(false);
    expect(existsSync(harness.inSandbox(container, 'data'))).toBe(true);
    expect(readdirSync(here('volumes/roles/kit/v2'))).toEqual(['file']);
  });

  test('find their volumes where they were after a restart of the agent', async () => {
    const launch = { container: 'c-restart', custom, checkpoint: true, resources: [volume()] };
    const { effect, recordedIn } = harness.declare(launch);
    await harness.stored(recordedIn);
    harness.driver.perform(effect);
    await appeared(harness.inSandbox(effect.containerId, 'ready'));
    await harness.driver.close();
    harness = await DriverHarness.open(folder.path);
    const container = harness.reattach(launch);
    const later = volume({ id: 'v2', container_path: 'later' });
    harness.driver.perform({
      type: 'resizeContainer',
      containerId: container,
      resources: [volume(), later],
    });
    writeFileSync(harness.inSandbox(container, 'later/file'), '');
    writeFileSync(harness.inSandbox(container, 'go'), '');
    expect(await harness.ended(container)).toMatchObject({ waitStatus: 0, failure: undefined });
    expect(readFileSync(harness.inSandbox(container, 'stdout'), 'utf8')).toContain('file');
  });

  test('end where a volume cannot be had: its place in the sandbox is taken', async () => {
    const container = harness.launch({
      custom: { value: 'mkdir later; echo > ready; sleep 1000' },
    });
    await appeared(harness.inSandbox(container, 'ready'));
    harness.driver.perform({
      type: 'resizeContainer',
      containerId: container,
      resources: [volume({ container_path: 'later' })],
    });
    const end = await harness.ended(container);
    expect(end.reason).toBe(TaskStatus_Reason.REASON_CONTAINER_UPDATE_FAILED);
    expect(end.failure).toMatch(
      /^Failed to update resources for container: Failed to provide .*does not lead to the volume$/,
    );
  });
});

test('a group does not start without a volume that its tasks are to have, and its end says why', async () => {
  const container = harness.launch({ group: [{ name: 'one', command: { value: 'true' } }] });
  harness.driver.perform({
    type: 'resizeContainer',
    containerId: container,
    resources: [volume({ source: { type: Resource_DiskInfo_Source_Type.BLOCK } })],
  });
  expect((await harness.ended(container)).reason).toBe(
    TaskStatus_Reason.REASON_CONTAINER_UPDATE_FAILED,
  );
  expect(harness.events.map(({ type }) => type)).not.toContain('containerStarted');
  expect(harness.states(container)).toEqual([]);
});
