// Probes against real servers and processes.
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cgroupProcesses } from '../../src/containerizer/cgroups/cgroups.ts';
import { processStat } from '../../src/containerizer/host/process-table.ts';
import {
  CheckInfo_Type,
  HealthCheck_Type,
  type TaskInfo,
  TaskState,
} from '../../src/model/generated/messages.ts';
import { DriverHarness, temporaryFolder } from '../agent-driver/harness.ts';
import { appeared } from '../agent-driver/outside.ts';
import { cgroupRoot } from '../support/test-cgroups.ts';

let folder: ReturnType<typeof temporaryFolder>;
let harness: DriverHarness;
const servers: Server[] = [];

beforeEach(async () => {
  folder = temporaryFolder();
  harness = await DriverHarness.open(folder.path);
});

afterEach(async () => {
  await harness.end();
  for (const server of servers.splice(0)) {
    server.close();
  }
  folder[Symbol.dispose]();
});

async function port(server: Server): Promise<number> {
  servers.push(server);
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', () => resolve());
  await promise;
  return (server.address() as AddressInfo).port;
}

/** A port that was free a moment ago. */
async function unusedPort(): Promise<number> {
  const server = createServer();
  const found = await port(server);
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  await promise;
  return found;
}

const often = { interval_seconds: 0.02, delay_seconds: 0 };

async function checkStatus(check: TaskInfo['check']) {
  const container = harness.launch({
    task: { command: { value: 'sleep 1000' }, ...(check !== undefined && { check }) },
  });
  const status = await harness.until(() => harness.statuses(container)[2]);
  return status.check_status;
}

describe('checks', () => {
  test('run a command in the sandbox of the task, and report its exit code', async () => {
    const command = { command: { value: 'case "$PWD" in */runs/*) exit 9; esac' } };
    expect(await checkStatus({ type: CheckInfo_Type.COMMAND, command, ...often })).toEqual({
      type: CheckInfo_Type.COMMAND,
      command: { exit_code: 9 },
    });
  });

  test('ask over HTTP, to the end of redirects', async () => {
    const server = createHttpServer((request, response) => {
      const isFirst = request.url === '/first';
      response.writeHead(isFirst ? 302 : 418, isFirst ? { location: '/second' } : {}).end();
    });
    const http = { port: await port(server), path: '/first' };
    expect(await checkStatus({ type: CheckInfo_Type.HTTP, http, ...often })).toEqual({
      type: CheckInfo_Type.HTTP,
      http: { status_code: 418 },
    });
  });

  test('ask for a page again that did not come to its end in time', async () => {
    let asked = 0;
    const server = createHttpServer((_, response) => {
      response.writeHead(asked === 0 ? 200 : 418).write('beginning');
      if (asked++ > 0) {
        response.end();
      }
    });
    const http = { port: await port(server) };
    const check = { type: CheckInfo_Type.HTTP, http, ...often, timeout_seconds: 0.3 };
    expect(await checkStatus(check)).toEqual({
      type: CheckInfo_Type.HTTP,
      http: { status_code: 418 },
    });
    expect(asked).toBe(2);
  });

  test('have failed where a server switches protocols, and ask it again', async () => {
    let asked = 0;
    const server = createHttpServer(({ socket }, response) => {
      if (asked++ === 0) {
        socket.write('HTTP/1.1 101 Other\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
      } else {
        response.writeHead(418).end();
      }
    });
    const check = { type: CheckInfo_Type.HTTP, http: { port: await port(server) }, ...often };
    expect(await checkStatus(check)).toEqual({
      type: CheckInfo_Type.HTTP,
      http: { status_code: 418 },
    });
  });

  test('print into the stderr of the task', async () => {
    const container = harness.launch({
      task: {
        command: { value: 'echo mine; exec sleep 1000' },
        check: {
          type: CheckInfo_Type.COMMAND,
          command: { command: { value: 'echo out; echo err >&2' } },
          delay_seconds: 0,
        },
      },
    });
    await harness.until(() => harness.statuses(container)[2]);
    expect(readFileSync(harness.inSandbox(container, 'stderr'), 'utf8')).toBe('out\nerr\n');
    // The task itself may begin after its check.
    const stdout = harness.inSandbox(container, 'stdout');
    await appeared(stdout);
    await expect.poll(() => readFileSync(stdout, 'utf8')).toBe('mine\n');
  });

  test('connect over TCP', async () => {
    const open = { port: await port(createServer((socket) => socket.destroy())) };
    expect(await checkStatus({ type: CheckInfo_Type.TCP, tcp: open, ...often })).toEqual({
      type: CheckInfo_Type.TCP,
      tcp: { succeeded: true },
    });
    const closed = { port: await unusedPort() };
    expect(await checkStatus({ type: CheckInfo_Type.TCP, tcp: closed, ...often })).toEqual({
      type: CheckInfo_Type.TCP,
      tcp: { succeeded: false },
    });
  });

  test('that hang are killed, have no result, and are run again', async () => {
    const value = 'echo $$ >> tries; test $(wc -l < tries) -ge 3 && exit 4; sleep 1000';
    const check = { type: CheckInfo_Type.COMMAND, command: { command: { value } } } as const;
    expect(await checkStatus({ ...check, ...often, timeout_seconds: 0.3 })).toEqual({
      type: CheckInfo_Type.COMMAND,
      command: { exit_code: 4 },
    });
  });
});

test('what a check has left behind ends with the task, without cgroups', async () => {
  await harness.driver.close();
  harness = await DriverHarness.open(folder.path, { withCgroups: false });
  // The shell of the check goes on until the kill, so that it is not the check's end that ends it.
  const value = 'setsid sleep 1016 & echo $! > left~; mv left~ left; exec sleep 1017';
  const container = harness.launch({
    task: {
      command: { value: 'sleep 1000' },
      check: { type: CheckInfo_Type.COMMAND, command: { command: { value } }, ...often },
    },
  });
  const left = harness.inSandbox(container, 'left');
  await appeared(left);
  harness.kill(container, 0);
  await harness.terminalStatus(container);
  expect(() => process.kill(Number(readFileSync(left, 'utf8')), 0)).toThrow('ESRCH');
});

test('a task that is not healthy any more is killed', async () => {
  const health_check = {
    ...often,
    grace_period_seconds: 0,
    consecutive_failures: 2,
    command: { value: 'test -e ill && exit 1; touch ill' },
  };
  const container = harness.launch({
    task: { command: { value: 'sleep 1000' }, health_check },
  });
  expect(await harness.terminalStatus(container)).toMatchObject({
    state: TaskState.TASK_KILLED,
    healthy: false,
    message: 'Command terminated with signal Terminated',
  });
  expect(harness.statuses(container).map(({ healthy }) => healthy)).toEqual([
    undefined,
    undefined,
    true,
    false,
    false,
    false,
  ]);
});

test.each([true, false])(
  'the usage of a container is measured; with cgroups: %s',
  async (withCgroups) => {
    await harness.driver.close();
    harness = await DriverHarness.open(folder.path, { withCgroups });
    const busy = 'i=0; while test $i -lt 100000; do i=$((i+1)); done; touch done; sleep 1000';
    const check = { command: { command: { value: 'test -e done' } } };
    const container = harness.launch({
      task: {
        command: { value: busy },
        check: { type: CheckInfo_Type.COMMAND, ...check, ...often },
      },
    });
    harness.driver.perform({
      type: 'resizeContainer',
      containerId: container,
      resources: [
        { name: 'cpus', type: 0, scalar: { value: 0.1 } },
        { name: 'cpus', type: 0, scalar: { value: 0.2 } },
        { name: 'mem', type: 0, scalar: { value: 32 } },
      ],
    });
    await harness.until(() =>
      harness.statuses(container).find((s) => s.check_status?.command?.exit_code === 0),
    );
    const usage = await harness.driver.usage(container);
    expect(usage).toMatchObject({
      cpus_soft_limit: 0.3,
      mem_limit_bytes: 32 * 1024 * 1024,
      mem_soft_limit_bytes: 32 * 1024 * 1024,
    });
    if (withCgroups) {
      const root = cgroupRoot(folder.path);
      const at = (hierarchy: string) => `/sys/fs/cgroup/${hierarchy}/${root}/${container}`;
      for (const hierarchy of ['freezer', 'memory', 'cpu', 'cpuacct']) {
        expect(cgroupProcesses(at(hierarchy)).length, hierarchy).toBeGreaterThan(0);
      }
      expect(Number(readFileSync(`${at('cpu')}/cpu.shares`, 'utf8'))).toBe(307);
    }
    expect(usage?.cpus_user_time_secs).toBeGreaterThan(0);
    expect(usage?.mem_rss_bytes).toBeGreaterThan(100_000);
    expect(Object.keys(usage ?? {}).sort()).toEqual([
      'cpus_soft_limit',
      'cpus_system_time_secs',
      'cpus_user_time_secs',
      'mem_limit_bytes',
      'mem_rss_bytes',
      'mem_soft_limit_bytes',
      'timestamp',
    ]);
    expect(await harness.driver.usage('nobody' as never)).toBeUndefined();
  },
);

/** The spawner of containers: the parent of a running container's supervisor. */
const spawnerOf = (supervisor: number) => processStat(supervisor)?.parent ?? expect.fail();

test('a health check that is lost with the spawner is no verdict, and made again', async () => {
  const once = join(folder.path, 'once');
  const value = `if test -e ${once}; then exit 0; fi; touch ${once}; sleep 1000`;
  const container = harness.launch({
    checkpoint: true,
    task: {
      command: { value: 'sleep 1000' },
      health_check: {
        type: HealthCheck_Type.COMMAND,
        command: { value },
        consecutive_failures: 1,
        grace_period_seconds: 0,
        ...often,
      },
    },
  });
  const { processId } = await harness.started(container);
  await appeared(once);
  process.kill(spawnerOf(processId ?? expect.fail()), 'SIGKILL');
  const verdict = await harness.until(() =>
    harness.statuses(container).find(({ healthy }) => healthy !== undefined),
  );
  expect(verdict).toMatchObject({ state: TaskState.TASK_RUNNING, healthy: true });
});
