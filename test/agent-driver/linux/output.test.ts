// Terminals and rotated files of containers that a real OCI runtime starts: the output of a task is
// in its sandbox, for root and for other users. This needs root.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { containerLogger } from '../../../src/containerizer/plan/container-logger.ts';
import { ContainerInfo_Type, TaskState } from '../../../src/model/generated/messages.ts';
import { DriverHarness, type Launch, temporaryFolder } from '../harness.ts';
import { eventually } from '../outside.ts';

const FINISHED = [TaskState.TASK_FINISHED, 'Command exited with status 0'];

describe.each(['root', 'nobody'])('a task of %s', (user) => {
  let folder: ReturnType<typeof temporaryFolder>;
  let harness: DriverHarness;

  beforeEach(async () => {
    folder = temporaryFolder();
    harness = await DriverHarness.open(folder.path, {
      isolation: ['namespaces/pid', 'posix/cpu'],
      launcher: 'linux',
      logger: containerLogger(
        new Map([
          ['max_stdout_size', '64KB'],
          ['logrotate_stdout_options', 'rotate 2'],
        ]),
      ),
    });
  });

  afterEach(async () => {
    await harness.end();
    folder[Symbol.dispose]();
  });

  async function sandboxOf(task: NonNullable<Launch['task']>) {
    const id = harness.launch({ user, task });
    const { state, message } = await harness.terminalStatus(id);
    expect([state, message]).toEqual(FINISHED);
    return (name: string) => harness.inSandbox(id, name);
  }

  test('has its rotated output in its sandbox', async () => {
    const inSandbox = await sandboxOf({ command: { value: 'seq 1 100000' } });
    await eventually(() => readFileSync(inSandbox('stdout'), 'utf8').endsWith('\n100000\n'));
    expect(readdirSync(inSandbox('.')).filter((name) => name.startsWith('stdout'))).toEqual([
      'stdout',
      'stdout.1',
      'stdout.2',
    ]);
    expect(statSync(inSandbox('stdout')).size).toBeLessThanOrEqual(65_536);
  });

  test('can have a terminal', async () => {
    const inSandbox = await sandboxOf({
      command: { value: 'id -un; tty' },
      container: { type: ContainerInfo_Type.MESOS, tty_info: {} },
    });
    await eventually(() => existsSync(inSandbox('stdout')));
    expect(readFileSync(inSandbox('stdout'), 'utf8').split('\r\n')).toEqual([
      user,
      expect.stringMatching(/^\/dev\//),
      '',
    ]);
  });
});
