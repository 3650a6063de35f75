// `mesoscale local`: a whole cluster on this machine, each program a process of its own, so that any of
// them can be killed and comes back. State lives in one folder; a second start finds it again.
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { orFail, readCommandLine } from './command-line.ts';
import { fail, listenError } from './failure.ts';
import type { FlagValues } from './flags/flag.ts';
import { LOCAL_FLAGS } from './flags/local-flags.ts';
import { FlagError } from './flags/parse.ts';
import { agentResources, type Machine, thisMachine } from './machine-resources.ts';
import { checkedIp } from './published-address.ts';
import { endWithParent } from './server-process.ts';
import { SupervisedProcess } from './supervised-process.ts';
import { emphasis } from './terminal.ts';
import { PACKAGE_VERSION } from './version.ts';
import { writableFolder } from './writable-folder.ts';

type LocalFlags = FlagValues<typeof LOCAL_FLAGS>;

const NAME = 'local';
/** How long a start may take before it is given up. */
const READY_MS = 30_000;
const POLL_MS = 25;

export async function main(argv: readonly string[]): Promise<void> {
  const { values } = readCommandLine(
    {
      name: NAME,
      usage: 'mesoscale local [--agents=N] …\n\nRuns a master and agents on this machine.',
      table: LOCAL_FLAGS,
    },
    argv,
  );
  orFail(NAME, () => checkAddresses(values));
  const isFirst = !existsSync(join(values.work_dir, 'master'));
  const folder = orFail(NAME, () => writableFolder('work_dir', values.work_dir));
  const cluster = new LocalCluster(values, folder);
  stopOnSignals(cluster);
  try {
    await cluster.start();
  } catch (error) {
    await cluster.stop();
    fail(NAME, (error as Error).message.replace(/^mesoscale \w+: /, ''));
  }
  welcome(values, folder, await cluster.summary(), isFirst);
}

function checkAddresses({ ip, port, agent_port: first, agents }: LocalFlags): void {
  checkedIp('ip', ip);
  const last = first + agents - 1;
  if (last > 65_535) {
    throw new FlagError(`--agent_port leaves too few ports for ${agents} agents, got ${first}`);
  }
  if (agents > 0 && port >= first && port <= last) {
    throw new FlagError(
      `--port expects a port that no agent has (${first} to ${last}), got ${port}`,
    );
  }
}

class LocalCluster {
  readonly #values: LocalFlags;
  readonly #master: SupervisedProcess;
  readonly #agents: readonly SupervisedProcess[];
  #stopping = false;

  constructor(values: LocalFlags, folder: string) {
    this.#values = values;
    const machine = thisMachine(folder);
    // An agent that ends at once would be started again and again.
    agentResources(values.resources, '*', machine);
    const address = `${values.ip}:${values.port}`;
    this.#master = supervised(folder, 'master', [
      'master',
      `--ip=${values.ip}`,
      `--port=${values.port}`,
      `--work_dir=${join(folder, 'master')}`,
      '--registry=sqlite',
    ]);
    this.#agents = Array.from({ length: values.agents }, (_, index) =>
      supervised(folder, `agent-${index + 1}`, [
        'agent',
        `--master=${address}`,
        `--ip=${values.ip}`,
        `--port=${values.agent_port + index}`,
        `--work_dir=${join(folder, `agent-${index + 1}`)}`,
        `--runtime_dir=${join(folder, `agent-${index + 1}`, 'run')}`,
        `--resources=${values.resources ?? share(machine, values.agents, index)}`,
        // Nobody else registers here, so nobody has to be spared.
        '--registration_backoff_factor=50ms',
      ]),
    );
  }

  /** Resolves when the master has every agent. */
  async start(): Promise<void> {
    await this.#checkPorts();
    // All at once: an agent that is there before its master tries again a moment later.
    const ready = () => this.#until(async () => (await this.#get('/state-summary')).ok);
    await Promise.all([
      this.#master.start(ready),
      ...this.#agents.map((agent, index) =>
        agent.start(() => this.#until(() => this.#isRegistered(index))),
      ),
    ]);
  }

  /** Another cluster that answers on our ports would be taken for ours. */
  async #checkPorts(): Promise<void> {
    const { ip, port, agent_port: first, agents } = this.#values;
    for (const wanted of [port, ...Array.from({ length: agents }, (_, index) => first + index)]) {
      const server = createServer();
      server.listen(wanted, ip);
      try {
        await once(server, 'listening');
      } catch (error) {
        const flag = wanted === port ? 'port' : 'agent_port';
        throw new Error(listenError(error as Error, flag) ?? String(error), { cause: error });
      }
      server.close();
      await once(server, 'close');
    }
  }

  /** Agents first: a master that is still there takes note of what they say at the end. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#agents.map((agent) => agent.stop()));
    await this.#master.stop();
  }

  async summary(): Promise<Summary> {
    const response = await this.#get('/state-summary');
    return (await response.json()) as Summary;
  }

  async #isRegistered(index: number): Promise<boolean> {
    const response = await this.#get('/slaves');
    if (!response.ok) {
      return false;
    }
    const { slaves } = (await response.json()) as { slaves: { pid: string; active: boolean }[] };
    const port = `:${this.#values.agent_port + index}`;
    return slaves.some(({ pid, active }) => active && pid.endsWith(port));
  }

  #get(path: string): Promise<Response> {
    return fetch(`http://${this.#values.ip}:${this.#values.port}${path}`);
  }

  async #until(condition: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + READY_MS;
    while (!this.#stopping) {
      // Until it listens, every attempt fails.
      if (await condition().catch(() => false)) {
        return;
      }
      if (Date.now() > deadline) {
        throw new Error(`not ready after ${READY_MS / 1000} s; the logs tell more`);
      }
      await sleep(POLL_MS);
    }
  }
}

interface Summary {
  readonly slaves: readonly { readonly TASK_RUNNING: number; readonly pid: string }[];
  readonly frameworks: readonly unknown[];
}

function supervised(folder: string, name: string, parameters: readonly string[]) {
  const logFile = join(folder, 'log', `${name}.log`);
  return new SupervisedProcess({
    name: name.replace('-', ' '),
    command: [
      join(import.meta.dirname, '..', '..', 'bin', 'mesoscale'),
      ...parameters,
      `--external_log_file=${logFile}`,
    ],
    logFile,
    pidFile: join(folder, `${name}.pid`),
    onRestart: (how, delayMs) => {
      console.log(`The ${name} ended (${how}); it is started again in ${delayMs / 1000} s.`);
    },
  });
}

/** An even share of the machine, with ports of its own: all agents are on one host. */
function share(machine: Machine, agents: number, index: number): string {
  const part = (amount: number, keep: number) =>
    Math.floor(Math.max(amount - keep, amount / 2) / agents);
  const ports = Math.floor(1000 / agents);
  const first = 31_000 + index * ports;
  return [
    `cpus:${Math.max(1, Math.floor(machine.cpus / agents))}`,
    `mem:${part(machine.memMb, 1024)}`,
    `disk:${part(machine.diskMb, 5 * 1024)}`,
    `ports:[${first}-${first + ports - 1}]`,
  ].join(';');
}

function stopOnSignals(cluster: LocalCluster): void {
  let asked = false;
  const stop = async () => {
    if (asked) {
      process.exit(130);
    }
    asked = true;
    const running = await cluster.summary().then(
      ({ slaves }) => slaves.reduce((sum, { TASK_RUNNING }) => sum + TASK_RUNNING, 0),
      () => 0,
    );
    console.log('\nStopping.');
    await cluster.stop();
    if (running > 0) {
      console.log(
        `${running} tasks keep running; the next start finds those that were checkpointed.`,
      );
    }
    process.exit(0);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => void stop());
  }
  endWithParent(() => void stop());
}

function welcome(values: LocalFlags, folder: string, summary: Summary, isFirst: boolean): void {
  const near = relative(process.cwd(), folder) || '.';
  const shown = near.startsWith('..') ? folder : near;
  const master = `${values.ip}:${values.port}`;
  const rows = [
    `  master   ${emphasis(`http://${master}`)}`,
    ...Array.from(
      { length: values.agents },
      (_, index) => `  agent    ${emphasis(`http://${values.ip}:${values.agent_port + index}`)}`,
    ),
  ];
  const isDefault = values.port === 5050 && values.ip === '127.0.0.1';
  const execute = isDefault ? '' : ` --master=${master}`;
  console.log(`
Mesoscale ${PACKAGE_VERSION} is running.

${rows.join('\n')}
  state    ${shown}/${isFirst ? '' : `  (found that of an earlier run, ${summary.frameworks.length} frameworks)`}
  logs     ${shown}/log/

Try:
  ${emphasis(`bin/mesoscale execute --master=${master} --name=hello --command='echo hello'`)}
  ${emphasis(`bin/mesoscale batch${execute} examples/checksums.csv`)}
  ${emphasis(`kill -9 $(cat ${shown}/master.pid)`)}   (the master comes back; tasks keep running)

Ctrl-C stops it.`);
}
