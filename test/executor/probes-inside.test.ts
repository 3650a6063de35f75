// Probes of what listens in a network that is not the agent's. This needs root.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { processStat } from '../../src/containerizer/host/process-table.ts';
import type { Container } from '../../src/containerizer/launchers/launcher.ts';
import { supervisorProgram } from '../../src/containerizer/launchers/process/supervisor-program.ts';
import { dialIn } from '../../src/containerizer/networks/dial.ts';
import { probe } from '../../src/executor/prober.ts';
import { programs, temporaryFolder } from '../agent-driver/harness.ts';
import { Authority } from '../support/authority.ts';
import { canMakeNetworks, NetworkNamespace } from '../support/network-namespace.ts';
import { Running } from '../support/running.ts';

/**
 * A page over HTTP leads to one over HTTPS by a name of the machine, which leads to one that never
 * comes to its end.
 */
const SERVER = `
  const { readFileSync } = require('node:fs');
  const [, key, cert] = process.argv;
  const secure = require('node:https').createServer(
    { key: readFileSync(key), cert: readFileSync(cert) },
    (request, response) => {
      if (request.url === '/teapot') {
        response.writeHead(418).end('short and stout');
      } else {
        response.write('no end');
      }
    },
  );
  const plain = require('node:http').createServer((request, response) =>
    response
      .writeHead(302, { location: 'https://localhost:' + secure.address().port + request.url })
      .end());
  secure.listen(0, '127.0.0.1', () =>
    plain.listen(0, '127.0.0.1', () =>
      console.log('up', plain.address().port, process.pid, 'now')));
  process.stdin.on('end', () => process.exit()).resume();
`;

describe.runIf(canMakeNetworks)('a probe within another network', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let network: NetworkNamespace;
  let server: Running;
  let port: number;
  let containerizer: Parameters<typeof probe>[2];
  const container = { id: 'c1' } as Container;

  beforeAll(async () => {
    folder = temporaryFolder();
    network = await NetworkNamespace.make();
    const { key, certificate } = new Authority(folder.path, 'nobody').certify('server');
    const words = network.entering(process.execPath, '--eval', SERVER, key, certificate);
    server = new Running(words[0], words.slice(1));
    await server.shows(' now\n');
    const [, listening, pid = 0] = server.output.split(' ').map(Number);
    port = listening ?? 0;
    const startTicks = processStat(pid)?.startTicks ?? 0;
    const dial = dialIn(await supervisorProgram(programs), { pid, startTicks });
    containerizer = { dial: () => dial, runInside: () => expect.fail() };
  });

  afterAll(async () => {
    await server.end('').status;
    await network[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  const probed = (what: Parameters<typeof probe>[0]['what'], timeoutMs = 0) =>
    probe({ kind: 'check', what, timeoutMs }, container, containerizer);

  test('follows redirects there, whoever has certified it', async () => {
    const url = `http://127.0.0.1:${port}/teapot`;
    expect(await probed({ type: 'http', url })).toEqual({ type: 'http', statusCode: 418 });
  });

  test('has one time for all that it does', async () => {
    const url = `http://127.0.0.1:${port}/endless`;
    expect(await probed({ type: 'http', url }, 300)).toEqual({
      type: 'failure',
      text: 'Timed out after 0.3 seconds',
    });
  });

  test('connects, or does not', async () => {
    const to = (host: string) => probed({ type: 'tcp', host, port });
    expect(await to('127.0.0.1')).toEqual({ type: 'tcp', succeeded: true });
    expect(await to('::1')).toEqual({ type: 'tcp', succeeded: false });
    const url = `http://[::1]:${port}/`;
    expect(await probed({ type: 'http', url })).toEqual({
      type: 'failure',
      text: `Failed to connect to port ${port} of ::1: ECONNREFUSED`,
    });
  });
});
