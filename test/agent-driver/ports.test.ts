// Ports on which real containers listen, where cgroups can be made.
import { createServer } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lookAtHost } from '../../src/containerizer/host/host.ts';
import { portsResource } from '../../src/containerizer/plan/ports.ts';
import { TaskState, TaskStatus_Reason } from '../../src/model/generated/messages.ts';
import { cgroupRoot } from '../support/test-cgroups.ts';
import { DriverHarness, temporaryFolder } from './harness.ts';

const hasCgroups = canMakeCgroups();

let folder: ReturnType<typeof temporaryFolder>;
let harness: DriverHarness;

beforeEach(() => {
  folder = temporaryFolder();
});

afterEach(async () => {
  await harness.end();
  folder[Symbol.dispose]();
});

const open = (isEnforced: boolean, isolated?: { begin: number; end: number }[]) =>
  DriverHarness.open(folder.path, {
    isolation: ['network/ports'],
    isolators: { ports: { watchIntervalMs: 20, isEnforced, isolated } },
  });

/** The cgroup that is made for that goes with the folder. */
function canMakeCgroups(): boolean {
  using tried = temporaryFolder();
  const cgroups = { hierarchy: '/sys/fs/cgroup', root: cgroupRoot(tried.path) };
  return lookAtHost({ cgroups }).cgroups.hierarchies.length > 0;
}

/** A port that nobody has at this moment. */
async function freePort(): Promise<number> {
  const server = createServer();
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  const address = server.address();
  server.close();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

const listening = (port: number) => ({
  shell: false,
  value: process.execPath,
  arguments: ['node', '-e', `require('net').createServer().listen(${port}, '127.0.0.1')`],
});

const range = (port: number) => ({ begin: port, end: port });

test.runIf(hasCgroups)('a container that listens on a port of others ends', async () => {
  harness = await open(true);
  const [own, other] = [await freePort(), await freePort()];
  const resources = [portsResource([range(own)])];
  const good = harness.launch({ task: { command: listening(own), resources } });
  const bad = harness.launch({ task: { command: listening(other), resources } });
  const message = `Container ${bad} is listening on unallocated port(s): [${other}-${other}]`;
  expect(await harness.ended(bad)).toMatchObject({
    failure: message,
    reason: TaskStatus_Reason.REASON_CONTAINER_LIMITATION,
    limited: [portsResource([range(other)])],
  });
  expect(harness.states(good)).not.toContain('TASK_FAILED');
});

test.runIf(hasCgroups)('without enforcement the log tells it, once', async () => {
  harness = await open(false);
  const [port, next] = [await freePort(), await freePort()];
  harness.launch({ task: { command: listening(port) } });
  await harness.logged(new RegExp(`unallocated port\\(s\\): \\[${port}-`));
  const later = harness.launch({ task: { command: listening(next) } });
  await harness.logged(new RegExp(`unallocated port\\(s\\): \\[${next}-`));
  expect(harness.logs.filter((line) => line.includes(`[${port}-`))).toHaveLength(1);
  expect(harness.states(later)).not.toContain('TASK_FAILED');
});

test.runIf(hasCgroups)('ports outside of those to be looked at are free', async () => {
  const [free, watched] = [await freePort(), await freePort()];
  harness = await open(true, [range(watched)]);
  const one = harness.launch({ task: { command: listening(free) } });
  await harness.status(one, TaskState.TASK_RUNNING);
  const other = harness.launch({ task: { command: listening(watched) } });
  await harness.ended(other);
  expect(harness.states(one)).not.toContain('TASK_FAILED');
});

test('where there are no cgroups, the isolator is an error at start', async () => {
  await expect(
    DriverHarness.open(folder.path, { withCgroups: false, isolation: ['network/ports'] }),
  ).rejects.toThrow('network/ports needs cgroups');
  harness = await DriverHarness.open(folder.path);
});
