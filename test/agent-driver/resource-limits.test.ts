// posix/rlimits on real processes.
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  type CheckInfo,
  CheckInfo_Type,
  ContainerInfo_Type,
  type RLimitInfo_RLimit,
  TaskState,
  RLimitInfo_RLimit_Type as Type,
} from '../../src/model/generated/messages.ts';
import { DriverHarness, type Launch, temporaryFolder } from './harness.ts';

const isolation = ['posix/cpu', 'posix/rlimits'];
let folder: ReturnType<typeof temporaryFolder>;
let harness: DriverHarness;

beforeEach(async () => {
  folder = temporaryFolder();
  harness = await DriverHarness.open(folder.path, { isolation });
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

test('a command has the limits that its container names', async () => {
  const rlimits = [
    { type: Type.RLMT_NOFILE, soft: 128, hard: 256 },
    { type: Type.RLMT_CORE, soft: 0, hard: 0 },
    { type: Type.RLMT_FSIZE },
  ];
  const container = harness.launch({
    user: 'nobody',
    task: limited(rlimits, 'ulimit -Sn; ulimit -Hn; ulimit -Hc; ulimit -f; head -c 1000 /dev/zero'),
  });
  expect(await harness.terminalStatus(container)).toMatchObject({ state: TaskState.TASK_FINISHED });
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
  harness = await DriverHarness.open(folder.path, { isolation });
  harness.reattach(launch);
  expect((await exitCode()).check_status?.command?.exit_code).toBe(77);
  harness.kill(container);
  expect(await harness.terminalStatus(container)).toMatchObject({ state: TaskState.TASK_KILLED });
});

test('a limit that the machine does not allow is named', async () => {
  const rlimits = [{ type: Type.RLMT_NOFILE, soft: 10, hard: 1e12 }];
  const container = harness.launch({ task: limited(rlimits, 'echo ran') });
  expect(await harness.terminalStatus(container)).toMatchObject({
    state: TaskState.TASK_FAILED,
    message: expect.stringMatching(/^Failed to set the resource limit NOFILE 10 1000000000000: /),
  });
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
