// Volumes that containers of several users share by a group of their own. This needs root, and an
// OCI runtime.
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { volumeGidRanges } from '../../../src/cli/agent/volume-gids.ts';
import { Users } from '../../../src/containerizer/host/users.ts';
import type { LauncherName } from '../../../src/containerizer/launchers/names.ts';
import { SEAL_BYTES, sealed } from '../../../src/containerizer/records/sealed-text.ts';
import { VolumeGids } from '../../../src/containerizer/volumes/volume-gids.ts';
import { Volumes } from '../../../src/containerizer/volumes/volumes.ts';
import { WorkDirectory } from '../../../src/containerizer/work-directory.ts';
import {
  ContainerInfo_Type,
  type Resource,
  Resource_ReservationInfo_Type,
  Value_Type,
  Volume_Mode,
} from '../../../src/model/generated/messages.ts';
import { containerId } from '../../../src/model/ids.ts';
import { inSandbox, withVolumes } from '../../containerizer/volumes/asked-volumes.ts';
import { mounted } from '../../support/mounted.ts';
import { DriverHarness, type Launch, temporaryFolder } from '../harness.ts';
import { appeared } from '../outside.ts';

interface Opening {
  readonly isolation: readonly string[];
  readonly launcher: LauncherName;
  readonly ociRuntime?: string;
}

const isolation = ['filesystem/linux', 'volume/sandbox_path'];
const FIRST = 77_001;

let folder: ReturnType<typeof temporaryFolder>;
let harness: DriverHarness;
const at = (...names: string[]) => join(folder.path, ...names);
const volume = (...names: string[]) => at('work/volumes/roles/kit/v1', ...names);

const open = (opening: Opening = { isolation, launcher: 'linux' }) =>
  DriverHarness.open(at('work'), {
    ...opening,
    volumeGids: [{ begin: FIRST, end: FIRST + 1 }],
  });

beforeEach(async () => {
  folder = temporaryFolder();
  mkdirSync(at('work'));
  chmodSync(at('work'), 0o755);
  mkdirSync(at('host'));
  writeFileSync(at('host/file'), 'secret\n', { mode: 0o640 });
  harness = await open();
});

afterEach(async () => {
  await harness.end();
  folder[Symbol.dispose]();
});

const shared = (id = 'v1'): Resource => ({
  name: 'disk',
  type: Value_Type.SCALAR,
  scalar: { value: 8 },
  reservations: [{ type: Resource_ReservationInfo_Type.DYNAMIC, role: 'kit' }],
  disk: { persistence: { id }, volume: { container_path: 'data', mode: Volume_Mode.RW } },
  shared: {},
});

const ofParent = (path: string) => withVolumes(inSandbox(path));

const withVolume = (user: string, value: string, resource = shared()): Launch => ({
  user,
  task: { command: { value }, resources: [resource] },
});

const free = () => harness.driver.metrics()['volume_gid_manager/volume_gids_free'];

const modeOf = (path: string) => statSync(path).mode & 0o7777;

test('users share a persistent volume, and nothing else becomes theirs by it', async () => {
  mkdirSync(volume('old'), { recursive: true });
  writeFileSync(volume('old/file'), 'text\n', { mode: 0o640 });
  linkSync(at('host/file'), volume('old/hard'));
  symlinkSync(at('host'), volume('old/link'));
  writeFileSync(at('host/other'), 'secret\n', { mode: 0o640 });
  symlinkSync(at('host/other'), volume('link'));
  const seen = 'id -G && cat data/old/file && touch data/of-$(id -un)';
  expect(await harness.outcome(withVolume('nobody', seen))).toMatch(
    new RegExp(`(^| )${FIRST}( .*)?\ntext\n$`),
  );
  expect(await harness.outcome(withVolume('daemon', `${seen} && ls -d data/of-*`))).toMatch(
    new RegExp(`(^| )${FIRST}( .*)?\ntext\ndata/of-daemon\ndata/of-nobody\n$`),
  );
  for (const path of [volume(), volume('old')]) {
    expect([statSync(path).gid, modeOf(path)]).toEqual([FIRST, 0o2775]);
  }
  expect(statSync(volume('old/file')).gid).toBe(FIRST);
  for (const path of [at('host'), at('host/file'), at('host/other')]) {
    expect(statSync(path).gid).toBe(0);
  }
  expect(modeOf(at('host'))).toBe(0o755);
  expect(lstatSync(volume('link')).gid).toBe(0);
  expect(await harness.outcome(withVolume('daemon', 'cat data/old/hard'))).toMatch(
    'exited with status 1',
  );
  const named = (value: string) => ({ name: 't', command: { value }, resources: [shared()] });
  const group = [named('touch data/of-group')];
  const executor = harness.launch({ user: 'daemon', group, resources: [shared()] });
  await harness.ended(executor);
  expect(harness.states(executor)).toContain('TASK_FINISHED');
  expect(statSync(volume('of-group')).gid).toBe(FIRST);
  expect(free()).toBe(1);
});

test('a group is remembered by later agents, given once, and free with its volume', async () => {
  await harness.outcome(withVolume('nobody', 'true'));
  await harness.driver.close();
  harness = await open();
  expect(free()).toBe(1);
  const other = (id: string) => withVolume('nobody', 'stat -Lc %g data', shared(id));
  expect(await harness.outcome(other('v2'))).toBe(`${FIRST + 1}\n`);
  expect(await harness.outcome(other('v3'))).toMatch(
    /^Failed to allocate gid to the volume path '.*\/v3' because the free gid range is exhausted$/,
  );
  expect(await harness.outcome(other('v1'))).toBe(`${FIRST}\n`);
  harness.driver.perform({ type: 'collectGarbage', path: volume(), delayMs: 0, volume: 'folder' });
  await expect.poll(free).toBe(1);
  expect(await harness.outcome(other('v3'))).toBe(`${FIRST}\n`);
});

test('what a later agent finds of containers and volumes that are gone is free', async () => {
  await harness.outcome(withVolume('nobody', 'true'));
  const file = at('work/meta/volume_gids');
  const left = at('work/containers/gone/common');
  await harness.driver.close();
  mkdirSync(left, { recursive: true });
  chownSync(left, 0, FIRST + 1);
  chmodSync(left, 0o2775);
  const place = { top: left, below: [] };
  const [known] = JSON.parse(readFileSync(file, 'utf8').slice(0, -SEAL_BYTES)) as object[];
  const taken = [known, { place, gid: FIRST + 1, container: 'gone' }];
  writeFileSync(file, sealed(JSON.stringify(taken)));
  rmSync(volume(), { recursive: true });
  harness = await open();
  expect(free()).toBe(2);
  expect([statSync(left).gid, modeOf(left)]).toEqual([0, 0o755]);
  await harness.driver.close();
  writeFileSync(file, sealed('[]').replace('[]', '[ '));
  await expect(open()).rejects.toThrow(`'${file}' is damaged`);
  rmSync(file);
  harness = await open();
});

test('a disk that was a volume is no group’s any more when the volume is deleted', async () => {
  const work = new WorkDirectory(at('other'));
  mkdirSync(work.meta, { recursive: true });
  const warn = (text: string) => expect.unreachable(text);
  const ranges = [{ begin: FIRST, end: FIRST }];
  const gids = new VolumeGids({ meta: work.meta, ranges, users: new Users(), warn });
  const volumes = new Volumes(work, warn, gids);
  const place = { path: at('disk'), kind: 'mount' } as const;
  using _ = mounted(place.path);
  volumes.create(place);
  const whole = { place: { top: place.path, below: [] }, holder: undefined } as const;
  const user = containerId('c');
  expect(await gids.give({ ...whole, user }, new AbortController().signal)).toBe(FIRST);
  expect([statSync(place.path).gid, modeOf(place.path)]).toEqual([FIRST, 0o2775]);
  await volumes.destroy(place);
  expect([statSync(place.path).gid, modeOf(place.path)]).toEqual([0, 0o755]);
  expect(gids.has(place.path)).toBe(false);
});

test('a group is not given again while processes have it', async () => {
  const launch = withVolume('nobody', 'touch up; exec sleep 1000');
  const id = harness.launch({ ...launch, checkpoint: true });
  await appeared(harness.inSandbox(id, 'up'));
  harness.driver.perform({ type: 'collectGarbage', path: volume(), delayMs: 0, volume: 'folder' });
  await expect.poll(() => existsSync(volume())).toBe(false);
  const other = (name: string) => withVolume('daemon', 'stat -Lc %g data', shared(name));
  expect(await harness.outcome(other('v2'))).toBe(`${FIRST + 1}\n`);
  expect(await harness.outcome(other('v3'))).toMatch(/free gid range is exhausted$/);
  await harness.driver.close();
  harness = await open();
  expect(await harness.outcome(other('v3'))).toMatch(/free gid range is exhausted$/);
  harness.reattach({ ...launch, container: id });
  await harness.driver.close();
  // A record that is lost is no reason not to start.
  writeFileSync(at('work/meta/containers', id, 'groups'), 'damaged');
  harness = await open();
  expect(harness.logs.join()).toContain(
    `Which groups container ${id} has for volumes is not known`,
  );
  harness.reattach({ ...launch, container: id });
  await harness.destroy(id);
  expect(await harness.outcome(other('v3'))).toBe(`${FIRST}\n`);
});

async function expectLaterVolumeRefused(custom: string): Promise<void> {
  const id = harness.launch({ user: 'nobody', custom: { value: custom } });
  await harness.started(id);
  const resources = [shared()];
  harness.driver.perform({ type: 'resizeContainer', containerId: id, resources, limits: {} });
  expect((await harness.ended(id)).failure).toMatch(
    /^Failed to update resources .*: it belongs to a group of --volume_gid_range, and the executor/,
  );
}

test('a later volume that a running executor could not open is refused', async () => {
  await harness.outcome(withVolume('daemon', 'true'));
  await expectLaterVolumeRefused('exec sleep 1000');
});

test('a later volume is refused while the executor is being started, too', async () => {
  await harness.outcome(withVolume('daemon', 'true'));
  await harness.driver.close();
  const ociRuntime = at('runtime');
  const hangs = 'case "$*" in *--version*) exec crun --version;; esac; exec sleep 1000';
  writeFileSync(ociRuntime, `#!/bin/sh\n${hangs}\n`, { mode: 0o755 });
  harness = await open({ isolation, launcher: 'linux', ociRuntime });
  await expectLaterVolumeRefused('true');
});

test('folders that lie too deep in a volume are named, and it is tried again', async () => {
  mkdirSync(volume(...Array.from({ length: 250 }, () => 'd')), { recursive: true });
  const launch = withVolume('nobody', 'stat -Lc %g data');
  expect(await harness.outcome(launch)).toMatch(
    /^Failed to set the owner group of the volume path '.*\/v1' to 77001: folders lie in it more than 200 deep$/,
  );
  rmSync(volume('d'), { recursive: true });
  expect(await harness.outcome(launch)).toBe(`${FIRST}\n`);
});

test.each<Opening>([
  { isolation, launcher: 'linux' },
  { isolation: ['filesystem/posix'], launcher: 'posix' },
])('$launcher: checks have the volume’s group, also those of a later agent', async (opening) => {
  await harness.driver.close();
  harness = await open(opening);
  const check = {
    type: 1,
    delay_seconds: 0,
    interval_seconds: 0.05,
    command: { command: { value: `id -G | grep -q ${FIRST} && exit 7` } },
  } as const;
  const task = { command: { value: 'sleep 1000' }, resources: [shared()], check };
  const launch: Launch = { user: 'nobody', task, checkpoint: true };
  const id = harness.launch(launch);
  const checked = () =>
    harness.until(() =>
      harness.statuses(id).find((it) => it.check_status?.command?.exit_code === 7),
    );
  await checked();
  await harness.driver.close();
  harness = await open(opening);
  harness.reattach({ ...launch, container: id });
  await checked();
  harness.kill(id, 0);
  await harness.ended(id);
});

test('tasks of a group share a folder of its sandbox, which is its owner’s when all end', async () => {
  const { MESOS } = ContainerInfo_Type;
  const wait = (file: string) => `while [ ! -e in/${file} ]; do sleep 0.02; done`;
  const task = (name: string, user: string, value: string) => ({
    name,
    command: { value, user },
    container: { ...ofParent('common'), type: MESOS },
  });
  const executor = harness.launch({
    user: 'root',
    group: [
      task('a', 'nobody', `echo a > in/a && ${wait('b')} && cat in/b && rm -r in/b && mkdir in/c`),
      task('b', 'daemon', `${wait('a')} && cat in/a && echo b > in/b && ${wait('c')}`),
    ],
  });
  await harness.ended(executor);
  expect(harness.states(executor).filter((it) => it === 'TASK_FINISHED')).toHaveLength(2);
  const common = harness.inSandbox(executor, 'common');
  expect([statSync(common).uid, statSync(common).gid, modeOf(common)]).toEqual([0, 0, 0o755]);
  expect(statSync(join(common, 'c')).gid).toBe(0);
  expect(modeOf(join(common, 'c')) & 0o2020).toBe(0);
  expect(free()).toBe(2);
});

test('a range of groups has no group of root, and is written as ranges are', () => {
  expect(volumeGidRanges('[10-20,30-40]')).toEqual([
    { begin: 10, end: 20 },
    { begin: 30, end: 40 },
  ]);
  for (const wrong of ['[0-10]', '7', '[1-4294967295]', '']) {
    expect(() => volumeGidRanges(wrong)).toThrow('--volume_gid_range');
  }
});
