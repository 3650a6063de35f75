import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { supervisorProgram } from '../../../src/containerizer/launchers/process/supervisor-program.ts';
import {
  listeningSockets,
  OpenSockets,
} from '../../../src/containerizer/networks/listening-sockets.ts';
import { TCP, waitingSocket } from '../../../src/containerizer/networks/socket-tables.ts';
import { programs, temporaryFolder } from '../../agent-driver/harness.ts';

const supervisor = await supervisorProgram(programs);
const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
  }
});

function listen(host: string): Promise<number> {
  const server = createServer();
  servers.push(server);
  const { promise, resolve } = Promise.withResolvers<number>();
  server.listen(0, host, () => {
    const address = server.address();
    resolve(typeof address === 'object' ? (address?.port ?? 0) : 0);
  });
  return promise;
}

test('a socket is one that listens by its state', () => {
  const line = (state: string) =>
    `   1: 0100007F:7918 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000  1000        0 48213 1 00 100`;
  expect(waitingSocket(line('0A'), TCP)).toEqual({ port: 31_000, inode: '48213' });
  expect(waitingSocket(line('01'), TCP)).toBeUndefined();
  expect(waitingSocket('', TCP)).toBeUndefined();
});

test('the ports on which this process listens are found, whatever the address', async () => {
  const ports = [await listen('127.0.0.1'), await listen('::1')];
  const sockets = await listeningSockets();
  const open = new OpenSockets('/usr/bin/find', supervisor);
  const found = new Set<number | undefined>();
  // Of these processes one has no longer been there for a while.
  await open.list([process.pid, 2 ** 22 - 1], (pid, inode) => {
    expect(pid).toBe(process.pid);
    found.add(sockets.get(inode));
  });
  expect([...found]).toEqual(expect.arrayContaining(ports));
});

test('what a thread alone has open is found, too', async () => {
  using folder = temporaryFolder();
  const program = join(folder.path, 'listener');
  const source = join(import.meta.dirname, 'own-descriptors.c');
  execFileSync('cc', ['-pthread', '-o', program, source]);
  const child = spawn(program, { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [text] = await once(child.stdout, 'data');
    const sockets = await listeningSockets();
    const found: number[] = [];
    const open = new OpenSockets('/usr/bin/find', supervisor);
    await open.list([child.pid ?? 0, process.pid], (pid, inode) => {
      const port = sockets.get(inode);
      if (pid === child.pid && port !== undefined) {
        found.push(port);
      }
    });
    expect(found).toEqual([Number(text)]);
  } finally {
    child.kill('SIGKILL');
  }
});

test('a program that cannot be started is told', async () => {
  for (const [find, other] of [
    ['/no/such/program', supervisor],
    ['/usr/bin/find', '/no/such/program'],
  ] as const) {
    const open = new OpenSockets(find, other);
    await expect(open.list([1], () => {})).rejects.toThrow('/no/such/program');
  }
});
