// Connections within another network, by the supervisor program. This needs root.
import { createServer, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { allProcesses, processStat } from '../../../src/containerizer/host/process-table.ts';
import { textOf } from '../../../src/containerizer/launchers/process/running-command.ts';
import { supervisorProgram } from '../../../src/containerizer/launchers/process/supervisor-program.ts';
import { type Dial, dialHere, dialIn } from '../../../src/containerizer/networks/dial.ts';
import { programs } from '../../agent-driver/harness.ts';
import { eventually } from '../../agent-driver/outside.ts';
import { canMakeNetworks, NetworkNamespace } from '../../support/network-namespace.ts';
import { Running } from '../../support/running.ts';

let network: NetworkNamespace;
let program: string;
const servers: Running[] = [];
const never = new AbortController().signal;

beforeAll(async () => {
  network = await NetworkNamespace.make();
  program = await supervisorProgram(programs);
});

afterAll(() => network[Symbol.asyncDispose]());

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.end('');
    await server.status;
  }
});

/** A server in the network, whose function is given; it says its port and its pid. */
async function served(
  serve: (socket: Socket) => void,
  address = '127.0.0.1',
): Promise<{ readonly port: number; readonly dial: Dial; readonly server: Running }> {
  const script = `
    const server = require('node:net').createServer({ allowHalfOpen: true }, ${serve});
    server.listen(0, '${address}', () =>
      console.log('up', server.address().port, process.pid, 'now'));
    process.stdin.on('end', () => process.exit()).resume();
  `;
  const [entering, ...words] = network.entering(process.execPath, '--eval', script);
  const server = new Running(entering, words);
  servers.push(server);
  await server.shows(' now\n');
  const [, port, pid] = server.output.split(' ').map(Number);
  return { port: port ?? 0, dial: dialIn(program, nameOf(pid ?? 0)), server };
}

const nameOf = (pid: number) => ({ pid, startTicks: processStat(pid)?.startTicks ?? 0 });

/** Programs that this process has dial, by way of the one that starts programs. */
const dialling = () => {
  const all = allProcesses();
  const own = new Set(all.filter(({ parent }) => parent === process.pid).map(({ pid }) => pid));
  return all.filter(({ pid, parent }) => {
    const words = own.has(parent) ? textOf(pid, 'cmdline') : undefined;
    return words?.startsWith(`${program}\0dial\0`);
  });
};

describe.runIf(canMakeNetworks)('a connection within another network', () => {
  test.each(['127.0.0.1', '::1'])(
    'to %s carries what both sides send, to the end',
    async (host) => {
      const { port, dial } = await served((socket) => socket.pipe(socket), host);
      // More than all buffers between the two take.
      const sent = Buffer.alloc(3_000_000, 'text ');
      const socket = await dial({ host, port }, never);
      socket.write(sent);
      const chunks: Buffer[] = [];
      let bytes = 0;
      for await (const chunk of socket) {
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes === sent.length) {
          break;
        }
      }
      expect(Buffer.concat(chunks).equals(sent)).toBe(true);
      await eventually(() => dialling().length === 0);
    },
  );

  test('has what the other side sends at once', async () => {
    const { port, dial } = await served((socket) => socket.end('welcome'));
    const dialled = Array.from({ length: 20 }, async () =>
      String(await buffer(await dial({ host: '127.0.0.1', port }, never))),
    );
    expect(await Promise.all(dialled)).toEqual(dialled.map(() => 'welcome'));
    await eventually(() => dialling().length === 0);
  });

  test('goes on to be read where nothing more is sent', async () => {
    const { port, dial } = await served((socket) => {
      socket.on('end', () => socket.end('last')).resume();
    });
    const socket = await dial({ host: 'localhost', port }, never);
    socket.end('request');
    expect(String(await buffer(socket))).toBe('last');
    await eventually(() => dialling().length === 0);
  });

  test('is refused where nobody listens, and not made here', async () => {
    const { port, dial } = await served((socket) => socket.end());
    const here = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => here.once('listening', resolve));
    const address = here.address();
    const other = address !== null && typeof address === 'object' ? address.port : 0;
    if (other !== port) {
      await expect(dial({ host: '127.0.0.1', port: other }, never)).rejects.toThrow(
        `Failed to connect to port ${other} of 127.0.0.1: ECONNREFUSED`,
      );
    }
    await expect(dial({ host: '::1', port }, never)).rejects.toThrow('of ::1: ECONNREFUSED');
    await expect(dial({ host: '10.99.99.99', port }, never)).rejects.toThrow('ENETUNREACH');
    (await dialHere({ host: '127.0.0.1', port: other }, never)).destroy();
    here.close();
    await eventually(() => dialling().length === 0);
  });

  test('is not made by the pid of another process, or of none', async () => {
    const { port } = await served((socket) => socket.end());
    const own = nameOf(process.pid);
    const reused = dialIn(program, { ...own, startTicks: own.startTicks - 1 });
    await expect(reused({ host: '127.0.0.1', port }, never)).rejects.toThrow(': ESRCH');
    const none = dialIn(program, { pid: 0, startTicks: 0 });
    await expect(none({ host: '127.0.0.1', port }, never)).rejects.toThrow(': ENOENT');
    const absent = dialIn('/no/such/program', own);
    await expect(absent({ host: '127.0.0.1', port }, never)).rejects.toThrow('ENOENT');
  });

  test('ends with its abort, before it is made and after', async () => {
    // Nobody answers: packets to that address go nowhere.
    await network.shell(
      'ip link add hole type veth peer name other && ip addr add 10.98.0.1/24 dev hole && ' +
        'ip link set hole up && ip link set other up',
    );
    const { port, dial } = await served((socket) => socket.resume());
    const early = new AbortController();
    const dialled = dial({ host: '10.98.0.2', port }, early.signal);
    await eventually(() => dialling().length === 1);
    early.abort(new Error('early'));
    await expect(dialled).rejects.toThrow('early');
    const late = new AbortController();
    const socket = await dial({ host: '127.0.0.1', port }, late.signal);
    const ended = new Promise((resolve) => socket.once('close', resolve).resume());
    late.abort(new Error('late'));
    await ended;
    await expect(dial({ host: '127.0.0.1', port }, late.signal)).rejects.toThrow('late');
    await eventually(() => dialling().length === 0);
  });
});
