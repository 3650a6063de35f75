// What confines real processes besides their user: posix/rlimits, linux/capabilities, linux/nnp.
// linux/capabilities needs root.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { LauncherName } from '../../../src/containerizer/launchers/names.ts';
import {
  CapabilityInfo_Capability as Capability,
  type CheckInfo,
  CheckInfo_Type,
  ContainerInfo_Type,
  type LinuxInfo,
  type RLimitInfo_RLimit,
  TaskState,
  RLimitInfo_RLimit_Type as Type,
} from '../../../src/model/generated/messages.ts';
import { DriverHarness, type Launch, temporaryFolder } from '../harness.ts';
import { eventually } from '../outside.ts';

const COMMON = ['posix/cpu', 'posix/rlimits', 'linux/capabilities'];
// The supervisor confines a plain process; the OCI runtime, one with namespaces of its own.
const LAUNCHERS: { launcher: LauncherName; isolation: string[] }[] = [
  { launcher: 'posix', isolation: COMMON },
  { launcher: 'linux', isolation: [...COMMON, 'filesystem/linux', 'namespaces/pid'] },
];
describe.each(LAUNCHERS)('with the launcher $launcher', ({ launcher, isolation }) => {
  let folder: ReturnType<typeof temporaryFolder>;
  let harness: DriverHarness;

  beforeEach(async () => {
    folder = temporaryFolder();
    harness = await DriverHarness.open(folder.path, { isolation, launcher });
  });

  afterEach(async () => {
    await harness.end();
    folder[Symbol.dispose]();
  });

  const limited = (rlimits: RLimitInfo_RLimit[], value: string): NonNullable<Launch['task']> => ({
    container: { type: ContainerInfo_Type.MESOS, rlimit_info: { rlimits } },
    command: { value },
  });

  const output = (container: Parameters<DriverHarness['inSandbox']>[0]) =>
    readFileSync(harness.inSandbox(container, 'stdout'), 'utf8');

  test('no two containers have the same session keyring', async () => {
    const keyctl = process.arch === 'arm64' ? 219 : 250;
    const value = `exec python3 -c 'import ctypes; print(ctypes.CDLL(None).syscall(${keyctl}, 0, -3, 0))'`;
    const task = { command: { value } };
    const ids = ['nobody', 'nobody', 'root'].map((user) => harness.launch({ user, task }));
    await Promise.all(ids.map((id) => harness.terminalStatus(id)));
    const keyrings = ids.map((id) => Number(output(id)));
    expect(keyrings.every((keyring) => keyring > 0)).toBe(true);
    expect(new Set(keyrings).size).toBe(ids.length);
  });

  test('a command has the limits that its container names', async () => {
    const rlimits = [
      { type: Type.RLMT_NOFILE, soft: 128, hard: 256 },
      { type: Type.RLMT_CORE, soft: 0, hard: 0 },
      { type: Type.RLMT_FSIZE },
    ];
    const container = harness.launch({
      user: 'nobody',
      task: limited(
        rlimits,
        'ulimit -Sn; ulimit -Hn; ulimit -Hc; ulimit -f; head -c 1000 /dev/zero',
      ),
    });
    expect(await harness.terminalStatus(container)).toMatchObject({
      state: TaskState.TASK_FINISHED,
    });
    expect(output(container).slice(0, -1000)).toBe('128\n256\n0\nunlimited\n');
  });

  test('what is written beyond a limit ends the command', async () => {
    const rlimits = [{ type: Type.RLMT_FSIZE, soft: 4096, hard: 4096 }];
    const container = harness.launch({ task: limited(rlimits, 'exec cat /dev/zero') });
    expect(await harness.terminalStatus(container)).toMatchObject({
      state: TaskState.TASK_FAILED,
      message: 'Command terminated with signal File size limit exceeded',
    });
    expect(output(container)).toHaveLength(4096);
  });

  const check: CheckInfo = {
    type: CheckInfo_Type.COMMAND,
    delay_seconds: 0,
    interval_seconds: 0.05,
    command: { command: { value: 'exit $(ulimit -Sn)' } },
  };

  test('a check has the limits of its task, also when a later agent makes it', async () => {
    const rlimits = [{ type: Type.RLMT_NOFILE, soft: 77, hard: 99 }];
    const task = { ...limited(rlimits, 'exec sleep 1000'), check };
    const launch = { container: 'c-1', checkpoint: true, framework: { checkpoint: true }, task };
    const container = harness.launch(launch);
    const exitCode = () =>
      harness.until(() =>
        harness.statuses(container).find((it) => it.check_status?.command?.exit_code !== undefined),
      );
    expect((await exitCode()).check_status?.command?.exit_code).toBe(77);
    await harness.driver.close();
    harness = await DriverHarness.open(folder.path, { isolation, launcher });
    harness.reattach(launch);
    expect((await exitCode()).check_status?.command?.exit_code).toBe(77);
    harness.kill(container);
    expect(await harness.terminalStatus(container)).toMatchObject({ state: TaskState.TASK_KILLED });
  });

  test('a limit that the machine does not allow is named', async () => {
    const rlimits = [{ type: Type.RLMT_NOFILE, soft: 10, hard: 1e12 }];
    const container = harness.launch({ task: limited(rlimits, 'echo ran') });
    expect((await harness.ended(container)).failure).toMatch(
      /^Executor terminated: .*: RLMT_NOFILE is at most \d+ on this machine, and not 1000000000000$/,
    );
    expect(harness.statuses(container)).toEqual([]);
  });

  test.each([
    [{ type: Type.RLMT_NOFILE, soft: 300 }, "RLMT_NOFILE needs both 'soft' and 'hard'"],
    [{ type: Type.RLMT_NOFILE, soft: 300, hard: 200 }, "'soft' of 300, which is above its 'hard'"],
    [{ type: Type.UNKNOWN, soft: 1, hard: 2 }, "'type' is missing or not known"],
    [{ soft: 1, hard: 2 }, "'type' is missing or not known"],
  ])('%o is refused before anything is made', async (limit, text) => {
    const container = harness.launch({ task: limited([limit], 'echo ran') });
    const { failure } = await harness.ended(container);
    expect(failure).toMatch(/^Executor terminated: 'container.rlimit_info.rlimits': /);
    expect(failure).toContain(text);
    expect(harness.statuses(container)).toEqual([]);
  });

  const set = (...names: (keyof typeof Capability)[]) => ({
    capabilities: names.map((name) => Capability[name]),
  });
  const SHOW = "sed -n 's/^Cap\\(...\\):\\s*0*\\(.\\)/\\1 \\2/p; /^NoNewPrivs/p' /proc/self/status";

  const facts = async (task: NonNullable<Launch['task']>, user?: string) => {
    const container = harness.launch({ task, ...(user !== undefined && { user }) });
    expect(await harness.terminalStatus(container)).toMatchObject({
      state: TaskState.TASK_FINISHED,
    });
    return Object.fromEntries(
      output(container)
        .trim()
        .split('\n')
        .map((line) => line.split(/:?\s+/)),
    );
  };

  const confined = (linux_info: LinuxInfo, value = SHOW): NonNullable<Launch['task']> => ({
    container: { type: ContainerInfo_Type.MESOS, linux_info },
    command: { value },
  });

  test('a command has the capabilities that it asks for, whoever its user is', async () => {
    const task = confined({ effective_capabilities: set('NET_RAW') });
    const all = { Inh: '2000', Prm: '2000', Eff: '2000', Bnd: '2000', Amb: '2000' };
    expect(await facts(task)).toMatchObject(all);
    expect(await facts(task, 'nobody')).toMatchObject(all);
    expect(await facts(confined({ effective_capabilities: {} }), 'nobody')).toMatchObject({
      Prm: '0',
      Bnd: '0',
    });
  });

  test('what a command can have at most is not what it has', async () => {
    const both = confined({
      effective_capabilities: set('CHOWN'),
      bounding_capabilities: set('CHOWN', 'NET_RAW'),
    });
    expect(await facts(both, 'nobody')).toMatchObject({ Eff: '1', Amb: '1', Bnd: '2001' });
    const only = confined({ bounding_capabilities: set('NET_RAW', 'CHOWN', 'SETPCAP') });
    // Root has what it can have.
    const root = { Inh: '2101', Prm: '2101', Eff: '2101', Bnd: '2101', Amb: '0', NoNewPrivs: '0' };
    expect(await facts(only)).toEqual(root);
    expect(await facts(only, 'nobody')).toMatchObject({ Inh: '2101', Prm: '0', Bnd: '2101' });
  });

  test('with linux/nnp root is no exception', async () => {
    await harness.driver.close();
    harness = await DriverHarness.open(folder.path, {
      isolation: [...isolation, 'linux/nnp'],
      launcher,
    });
    const both = confined({
      effective_capabilities: set('CHOWN'),
      bounding_capabilities: set('CHOWN', 'NET_RAW'),
    });
    expect(await facts(both)).toEqual({
      Inh: '2001',
      Prm: '1',
      Eff: '1',
      Bnd: '2001',
      Amb: '1',
      NoNewPrivs: '1',
    });
  });

  test.each([
    ['damaged', 'effective 0 zzz\n'],
    ['empty', ''],
    ['gone', undefined],
  ])('a check has no more than its task where the record of that is %s', async (_, record) => {
    const check: CheckInfo = {
      type: CheckInfo_Type.COMMAND,
      delay_seconds: 0,
      interval_seconds: 0.05,
      command: { command: { value: `${SHOW} > checked; ulimit -Sn >> checked` } },
    };
    const linux_info = {
      effective_capabilities: set('CHOWN'),
      bounding_capabilities: set('CHOWN', 'KILL'),
    };
    const rlimits = [{ type: Type.RLMT_NOFILE, soft: 77, hard: 99 }];
    const task: NonNullable<Launch['task']> = {
      container: { type: ContainerInfo_Type.MESOS, linux_info, rlimit_info: { rlimits } },
      command: { value: 'exec sleep 1000' },
      check,
    };
    const launch = {
      container: 'c-2',
      checkpoint: true,
      framework: { checkpoint: true },
      user: 'nobody',
      task,
    };
    const container = harness.launch(launch);
    const checked = harness.inSandbox(container, 'checked');
    const found = () => readFileSync(checked, 'utf8');
    await eventually(() => existsSync(checked) && found().endsWith('77\n'));
    const before = found();
    await harness.driver.close();
    rmSync(checked);
    const settings = join(folder.path, 'meta/containers', container, 'settings');
    if (record === undefined) {
      rmSync(settings);
    } else {
      writeFileSync(settings, record);
    }
    harness = await DriverHarness.open(folder.path, { isolation: ['posix/cpu'] });
    harness.reattach(launch);
    await eventually(() => existsSync(checked) && found().endsWith('77\n'));
    expect(found()).toBe(before);
    harness.kill(container);
    expect(await harness.terminalStatus(container)).toMatchObject({ state: TaskState.TASK_KILLED });
  });
});

test('the least limits that a runtime starts with are those that are not refused', async () => {
  using folder = temporaryFolder();
  const harness = await DriverHarness.open(folder.path, {
    isolation: ['posix/cpu', 'posix/rlimits', 'namespaces/pid'],
    launcher: 'linux',
  });
  const endWith = async (type: Type, least: number) => {
    const rlimits = [{ type, soft: least, hard: least }];
    const container = { type: ContainerInfo_Type.MESOS, rlimit_info: { rlimits } };
    const id = harness.launch({ task: { container, command: { value: 'true' } } });
    return await Promise.race([
      harness.terminalStatus(id).then(({ message }) => message),
      harness.ended(id).then(({ failure }) => failure),
    ]);
  };
  try {
    for (const [type, name, least] of [
      [Type.RLMT_NOFILE, 'NOFILE', 32],
      [Type.RLMT_FSIZE, 'FSIZE', 4096],
    ] as const) {
      expect(await endWith(type, least)).toBe('Command exited with status 0');
      expect(await endWith(type, least - 1)).toContain(`RLMT_${name} is at least ${least} in`);
    }
  } finally {
    await harness.end();
  }
});
