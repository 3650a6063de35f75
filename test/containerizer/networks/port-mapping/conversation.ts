// Servers and clients in network namespaces of a test, each set in a process of its own.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { NetworkNamespace } from '../../../support/network-namespace.ts';

/** Tells whoever connects who it is, and from where that one has come. */
const SERVER = `
  const [who, ...ports] = process.argv.slice(1);
  let waiting = ports.length;
  for (const port of ports) {
    require('node:net').createServer((socket) => {
      socket.on('error', () => {});
      socket.end(who + ' ' + socket.remoteAddress + ' ' + socket.remotePort);
    }).listen(port, '0.0.0.0', () => { if (--waiting === 0) console.log('ready'); });
  }
  process.stdin.resume().on('end', () => process.exit());
`;

/** Connects to all addresses, and prints what each has said, or why it has not. */
const CLIENT = `
  const ask = (address) => new Promise((resolve) => {
    const [host, port] = address.split(':');
    const socket = require('node:net').connect({ host, port, timeout: 10000 });
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk) => { text += chunk; });
    socket.on('timeout', () => socket.destroy(Object.assign(new Error(), { code: 'silence' })));
    socket.on('error', ({ code }) => resolve(code));
    socket.on('close', () => resolve(text));
  });
  Promise.all(process.argv.slice(1).map(ask)).then((all) => console.log(JSON.stringify(all)));
`;

const entered = (namespace: string | undefined, ...argv: readonly string[]) =>
  namespace === undefined ? argv : ['nsenter', `--net=${namespace}`, '--', ...argv];

export interface Server extends AsyncDisposable {
  readonly process: ChildProcess;
}

/** `namespace`: a file; undefined: the machine of the test. */
export async function serve(
  machine: NetworkNamespace,
  namespace: string | undefined,
  who: string,
  ports: readonly number[],
): Promise<Server> {
  const argv = entered(namespace, process.execPath, '--eval', SERVER, who, ...ports.map(String));
  const [program, ...parameters] = machine.entering(...argv);
  const server = spawn(program, parameters, { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(server.stdout, 'data');
  return {
    process: server,
    async [Symbol.asyncDispose]() {
      const ended = once(server, 'exit');
      server.stdin.end();
      await ended;
    },
  };
}

/** What is heard at each address, `host:port`. */
export async function ask(
  machine: NetworkNamespace,
  namespace: string | undefined,
  addresses: readonly string[],
): Promise<string[]> {
  const argv = entered(namespace, process.execPath, '--eval', CLIENT, ...addresses);
  return JSON.parse(await machine.run(...argv));
}

/** What a server says, and how long it took. */
export async function download(
  machine: NetworkNamespace,
  namespace: string,
  address: string,
): Promise<{ readonly bytes: number; readonly ms: number }> {
  const argv = entered(namespace, process.execPath, '--eval', DOWNLOADER, address);
  return JSON.parse(await machine.run(...argv));
}

const DOWNLOADER = `
  const [host, port] = process.argv[1].split(':');
  let bytes = 0;
  const socket = require('node:net').connect({ host, port });
  const began = performance.now();
  socket.on('data', (chunk) => { bytes += chunk.length; });
  socket.on('close', () => console.log(JSON.stringify({ bytes, ms: performance.now() - began })));
`;

/** Connects again and again, and prints at its end how often that has failed. */
const CALLER = `
  const [host, port] = process.argv[1].split(':');
  let isOver = false;
  let failures = 0;
  let calls = 0;
  const call = () => {
    const socket = require('node:net').connect({ host, port, timeout: 10000 });
    socket.resume();
    socket.on('timeout', () => socket.destroy(new Error('silence')));
    socket.on('error', () => { failures += 1; });
    socket.on('close', () => {
      if (++calls === 1) console.log('ready');
      if (isOver) { console.log(failures); process.exit(); }
      call();
    });
  };
  call();
  process.stdin.resume().on('end', () => { isOver = true; });
`;

export interface Talk extends AsyncDisposable {
  /** Ends it, and says how often a connection has failed. */
  failures(): Promise<number>;
}

/** Somebody on another machine who connects to an address without a pause. */
export async function callAgainAndAgain(
  machine: NetworkNamespace,
  namespace: string,
  address: string,
): Promise<Talk> {
  const argv = entered(namespace, process.execPath, '--eval', CALLER, address);
  const [program, ...parameters] = machine.entering(...argv);
  const caller = spawn(program, parameters, { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(caller.stdout, 'data');
  const end = async () => {
    const said = once(caller.stdout, 'data');
    caller.stdin.end();
    return Number(String(await said));
  };
  return {
    failures: end,
    async [Symbol.asyncDispose]() {
      caller.kill('SIGKILL');
    },
  };
}
