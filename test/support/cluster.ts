// Real masters and agents for end-to-end tests: processes of this checkout on free ports of the
// loopback, with state in a folder of their own.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MESOSCALE } from './bundle.ts';
import { type Access, closedCluster } from './closed-cluster.ts';
import type { NetworkNamespace } from './network-namespace.ts';
import { ask, curlArguments } from './requests.ts';

const FORWARDER = join(import.meta.dirname, 'forwarder.ts');

/** How long a test waits for anything. */
const PATIENCE_MS = 60_000;
const LOOK_MS = 20;

/**
 * Below the ports that the system gives to outgoing connections. Each worker of the tests has a
 * part of them: between the look whether a port is free and its use, no other test takes it.
 */
const PORTS = { from: 12_000, each: 1_100, parts: 16 };
const firstPort = PORTS.from + (Number(process.env.VITEST_POOL_ID ?? 0) % PORTS.parts) * PORTS.each;
const given = new Set<number>();

/** Of an agent whose flags do not say it. */
const RESOURCES = '--resources=cpus:4;mem:2048;disk:1024;ports:[31000-31099]';

/** What a task asks for that runs beside others on the agent of a test. */
export const LITTLE = [
  { name: 'cpus', type: 'SCALAR', scalar: { value: 0.1 } },
  { name: 'mem', type: 'SCALAR', scalar: { value: 32 } },
];

/** The first of several free ports in a row. */
export async function freePort(count = 1): Promise<number> {
  for (;;) {
    const first = randomInt(firstPort, firstPort + PORTS.each - count);
    const ports = Array.from({ length: count }, (_, offset) => first + offset);
    if (ports.some((port) => given.has(port))) {
      continue;
    }
    for (const port of ports) {
      given.add(port);
    }
    if ((await Promise.all(ports.map(isFree))).every(Boolean)) {
      return first;
    }
  }
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** Waits until the condition holds; an error counts as not yet. */
export async function until<T>(
  what: string,
  condition: () => Promise<T | undefined | false> | T | undefined | false,
): Promise<T> {
  const deadline = Date.now() + PATIENCE_MS;
  let last: unknown;
  while (Date.now() < deadline) {
    try {
      const value = await condition();
      if (value !== undefined && value !== false) {
        return value;
      }
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  throw new Error(`Waited in vain for: ${what}`, { cause: last });
}

export class Program {
  /** Whether it has tasks that must be ended with it. */
  readonly isAgent: boolean;
  readonly #child: ChildProcess;
  readonly #log: string;

  constructor(
    parameters: readonly string[],
    log: string,
    {
      script = MESOSCALE,
      network,
      environment = {},
    }: {
      script?: string;
      network?: NetworkNamespace | undefined;
      environment?: Readonly<Record<string, string>> | undefined;
    } = {},
  ) {
    this.isAgent = parameters[0] === 'agent';
    this.#log = log;
    const output = openSync(log, 'a');
    const line = [process.execPath, script, ...parameters] as const;
    const [program, ...all] = network?.entering(...line) ?? line;
    this.#child = spawn(program, all, {
      stdio: ['ignore', output, output],
      env: { ...process.env, ...environment, NODE_OPTIONS: '' },
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get log(): string {
    return readFileSync(this.#log, 'utf8');
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** The exit status, or the signal. */
  async ended(): Promise<number | string> {
    const { exitCode, signalCode } = this.#child;
    return (
      exitCode ??
      signalCode ??
      new Promise((resolve) =>
        this.#child.once('exit', (code, signal) => resolve(code ?? signal ?? 0)),
      )
    );
  }

  async kill(signal: NodeJS.Signals): Promise<number | string> {
    this.#child.kill(signal);
    return this.ended();
  }
}

/** Settings: LIBPROCESS_SSL_…. */
type Tls = Readonly<Record<string, string>>;

/** That of its programs. */
function accessWith(tls: Tls): Access {
  const file = (name: string) => tls[`LIBPROCESS_SSL_${name}_FILE`] ?? '';
  return { authority: file('CA'), certificate: file('CERT'), key: file('KEY') };
}

export class TestCluster {
  readonly #network: NetworkNamespace | undefined;
  readonly #tls: Tls | undefined;
  #folder: string | undefined;
  readonly #running = new Set<Program>();
  #master: Program | undefined;
  #agent: Program | undefined;
  #masterPort = 0;
  #agentPort = 0;
  /** principal:secret, where the master wants to know who asks. */
  login: string | undefined;

  /** `network`: where all its programs run, if not beside the test. `tls`: as they speak it. */
  constructor(network?: NetworkNamespace, tls?: Tls) {
    this.#network = network;
    this.#tls = tls;
  }

  /** Starts a master with one agent, and waits until they are ready. */
  async start(flags: { master?: string[]; agent?: string[] } = {}): Promise<void> {
    this.#masterPort = await freePort();
    this.#agentPort = await freePort();
    await this.startMaster(flags.master);
    await this.startAgent(flags.agent);
    await this.agentRegistered();
  }

  /** Made when it is asked for: where all tests of a file are left out, no hook removes it. */
  get folder(): string {
    this.#folder ??= mkdtempSync(join(tmpdir(), 'mesoscale-e2e-'));
    return this.#folder;
  }

  get address(): string {
    return `127.0.0.1:${this.#masterPort}`;
  }

  /** Of the same master or agent, for a client that can neither encrypt nor authenticate. */
  async plainAddress(address = this.address): Promise<string> {
    if (closedCluster() === undefined) {
      return address;
    }
    const port = await freePort();
    const ports = [String(port), address.slice(address.indexOf(':') + 1)];
    const log = join(this.folder, `forwarder-${port}.log`);
    this.#keep(new Program(ports, log, { script: FORWARDER }));
    const plain = `127.0.0.1:${port}`;
    await until('it forwards', async () => (await fetch(`http://${plain}/health`)).ok);
    return plain;
  }

  /** The master's process. */
  get master(): Program {
    if (this.#master === undefined) {
      throw new Error('The master has not been started');
    }
    return this.#master;
  }

  get agentProgram(): Program {
    if (this.#agent === undefined) {
      throw new Error('The agent has not been started');
    }
    return this.#agent;
  }

  get agent(): string {
    return `127.0.0.1:${this.#agentPort}`;
  }

  async startMaster(flags: readonly string[] = []): Promise<Program> {
    const master = this.run(
      [
        'master',
        '--ip=127.0.0.1',
        `--port=${this.#masterPort}`,
        `--work_dir=${join(this.folder, 'master')}`,
        ...flags,
      ],
      'master.log',
    );
    this.#master = master;
    await this.#answers(this.address);
    return master;
  }

  async startAgent(flags: readonly string[] = []): Promise<Program> {
    const agent = this.run(
      [
        'agent',
        '--ip=127.0.0.1',
        `--port=${this.#agentPort}`,
        `--master=${this.address}`,
        `--work_dir=${join(this.folder, 'agent')}`,
        `--runtime_dir=${join(this.folder, 'agent', 'run')}`,
        ...(flags.some((flag) => flag.startsWith('--resources=')) ? [] : [RESOURCES]),
        '--registration_backoff_factor=10ms',
        ...(flags.includes('--switch_user') ? [] : ['--no-switch_user']),
        ...flags,
      ],
      'agent.log',
    );
    this.#agent = agent;
    await this.#answers(this.agent);
    return agent;
  }

  agentRegistered(): Promise<unknown> {
    return until('the agent is registered', async () => {
      const { slaves } = (await this.get('/slaves')) as { slaves: { active: boolean }[] };
      return slaves.some(({ active }) => active);
    });
  }

  /**
   * Runs a command, with its output in a file of the cluster's folder. `network`: where it runs, if
   * not where the cluster does.
   */
  run(parameters: readonly string[], log: string, network = this.#network): Program {
    const options = { network, environment: this.#tls };
    return this.#keep(new Program(parameters, join(this.folder, log), options));
  }

  #keep(program: Program): Program {
    this.#running.add(program);
    void program.ended().then(() => this.#running.delete(program));
    return program;
  }

  /** Runs `execute` with a task or group from a file; the file and the log have this name. */
  execute(
    name: string,
    flag: 'task' | 'task_group',
    message: object,
    ...flags: readonly string[]
  ): Program {
    const file = join(this.folder, `${name}.json`);
    writeFileSync(file, JSON.stringify(message));
    return this.run(
      ['execute', `--master=${this.address}`, `--${flag}=${file}`, ...flags],
      `${name}.log`,
    );
  }

  async get(path: string, address = this.address): Promise<unknown> {
    return JSON.parse(await this.#read(path, address));
  }

  /** Ends everything: the agent first, with its tasks. */
  async stop(): Promise<void> {
    const programs = [...this.#running].toReversed();
    for (const program of programs) {
      if (program.isAgent) {
        await Promise.race([
          program.kill('SIGUSR1'),
          new Promise((resolve) => setTimeout(resolve, 3000)),
        ]);
      }
      await program.kill('SIGKILL');
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #answers(address: string): Promise<void> {
    await until(`${address} answers`, async () => {
      await this.#read('/health', address);
      return true;
    });
  }

  /** Rejects where the answer is no success. */
  async #read(path: string, address: string): Promise<string> {
    if (this.#network !== undefined) {
      return this.#network.run('curl', '-sSf', ...curlArguments(address, path));
    }
    const headers = this.login && { Authorization: `Basic ${btoa(this.login)}` };
    const head = headers ? { headers } : {};
    const response = await ask(address, path, head, this.#tls && accessWith(this.#tls));
    if (!response.ok) {
      throw new Error(`${path} answered ${response.status}`);
    }
    return response.text();
  }
}
