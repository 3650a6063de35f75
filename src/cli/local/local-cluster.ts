// The programs of a cluster on this machine: which there are, when they are ready, in which order
// they end.
import { once } from 'node:events';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RunRecords } from '../../containerizer/records/run-records.ts';
import { WorkDirectory } from '../../containerizer/work-directory.ts';
import type { Carriers } from '../../http/transport/carriers.ts';
import { refuseShared, refuseUnmounted } from '../agent/disks.ts';
import { agentResources, thisMachine } from '../agent/machine-resources.ts';
import { listenError } from '../failure.ts';
import type { FlagValues } from '../flags/flag.ts';
import { FlagError } from '../flags/parse.ts';
import { tlsArguments } from '../process/carriers.ts';
import { folderHolder } from '../process/folder-lock.ts';
import { agentShare, MOST_AGENTS } from './agent-share.ts';
import type { LOCAL_FLAGS } from './flags.ts';
import { LocalMasters } from './local-masters.ts';
import { firstAgentPort, type LocalMaster } from './master-share.ts';
import { SupervisedProcess } from './supervised-process.ts';

export type LocalFlags = FlagValues<typeof LOCAL_FLAGS>;

/** What the master tells of the cluster. */
export interface Summary {
  readonly slaves: readonly { readonly TASK_RUNNING: number; readonly pid: string }[];
  readonly frameworks: readonly unknown[];
}

interface RunMaster {
  readonly master: LocalMaster;
  readonly process: SupervisedProcess;
}

interface LocalAgent {
  /** Counts from 1. */
  readonly number: number;
  readonly port: number;
  readonly process: SupervisedProcess;
}

/**
 * When a start has taken this long on a busy machine, the terminal shows it; then it is given up.
 */
const PATIENCE_MS = 30_000;
const READY_MS = 300_000;
const POLL_MS = 25;

export class LocalCluster {
  /** Agents beyond --agents that run because an earlier run left tasks on them. */
  readonly keptAgents: readonly number[];
  readonly #values: LocalFlags;
  readonly #folder: string;
  readonly #masters: LocalMasters;
  readonly #running: readonly RunMaster[];
  readonly #agents: readonly LocalAgent[];
  #stopping = false;

  /** Throws FlagError. */
  constructor(values: LocalFlags, folder: string, { dialer }: Carriers) {
    this.#values = values;
    this.#folder = folder;
    this.#masters = new LocalMasters(values, folder, dialer);
    this.#running = this.#masters.list.map((master) => ({
      master,
      process: supervised(folder, master.name, [
        'master',
        `--ip=${values.ip}`,
        `--port=${master.port}`,
        `--work_dir=${join(folder, master.name)}`,
        ...master.flags,
        ...tlsArguments(values),
      ]),
    }));
    const asked = Array.from({ length: values.agents }, (_, index) => index + 1);
    this.keptAgents = busyAgents(folder).filter((number) => number > values.agents);
    const numbers = [...asked, ...this.keptAgents];
    const machine = thisMachine(folder);
    // Found now, for an agent that ends at once would be restarted again and again.
    const resources = agentResources(values.resources, '*', machine);
    refuseUnmounted(resources);
    refuseShared(resources, numbers.length);
    this.#agents = numbers.map((number) =>
      localAgent(folder, values, {
        number,
        masterFlag: this.#masters.masterFlag,
        resources: values.resources ?? agentShare(machine, numbers.length, number - 1),
      }),
    );
  }

  get masters(): readonly LocalMaster[] {
    return this.#masters.list;
  }

  /** `--master` of commands that shall find the leader. */
  get masterFlag(): string {
    return this.#masters.masterFlag;
  }

  get agentPorts(): readonly number[] {
    return this.#agents.map(({ port }) => port);
  }

  /** Resolves when all agents are registered. */
  async start(): Promise<void> {
    this.#lock();
    this.#removeStalePidFiles();
    await this.#checkPorts();
    this.#masters.prepare();
    // All at once: an agent that is there before its master tries again a moment later.
    await Promise.all([
      ...this.#running.map(({ master, process }) =>
        process.start(() => this.#until(process, () => this.#isReady(master))),
      ),
      ...this.#agents.map((agent) =>
        agent.process.start(() => this.#until(agent.process, () => this.#isRegistered(agent))),
      ),
    ]);
  }

  #lock(): void {
    const holder = folderHolder(this.#folder);
    if (holder !== undefined) {
      throw new FlagError(
        `--work_dir: a cluster that runs already (${holder}) has ${this.#folder}; stop it, or choose ` +
          'another folder with --work_dir, and other ports with --port and --agent_port',
      );
    }
  }

  /**
   * Removes pid files of an earlier cluster, which may have had more agents: the folder's lock
   * shows that it is gone.
   */
  #removeStalePidFiles(): void {
    for (const name of readdirSync(this.#folder)) {
      if (/^(master(-\d+)?|agent-\d+)\.pid$/.test(name)) {
        rmSync(join(this.#folder, name), { force: true });
      }
    }
  }

  /** Another cluster on the same ports would be taken for this one. */
  async #checkPorts(): Promise<void> {
    const { ip } = this.#values;
    const masterPorts = this.masters.map(({ port }) => port);
    for (const wanted of [...masterPorts, ...this.agentPorts]) {
      const server = createServer();
      server.listen(wanted, ip);
      try {
        await once(server, 'listening');
      } catch (error) {
        const flag = masterPorts.includes(wanted) ? 'port' : 'agent_port';
        throw new Error(listenError(error as Error, flag) ?? String(error), { cause: error });
      }
      server.close();
      await once(server, 'close');
    }
  }

  /** Stops agents first: a running master takes note of their last messages. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#agents.map((agent) => agent.process.stop()));
    await Promise.all(this.#running.map(({ process }) => process.stop()));
  }

  /** Kills all programs at once; `stop` still waits for their ends. */
  kill(): void {
    for (const program of this.#programs) {
      program.kill();
    }
  }

  /** For the end of this process, with which the programs end by themselves. */
  abandon(): void {
    for (const program of this.#programs) {
      program.abandon();
    }
  }

  get #programs(): readonly SupervisedProcess[] {
    return [...this.#running, ...this.#agents].map(({ process }) => process);
  }

  async summary(): Promise<Summary> {
    return (await this.#masters.get('/state-summary')) as Summary;
  }

  /** That it answers, and that one leads. */
  async #isReady(master: LocalMaster): Promise<boolean> {
    await this.#masters.answers(master);
    return (await this.summary()) !== undefined;
  }

  async #isRegistered({ port }: LocalAgent): Promise<boolean> {
    const { slaves } = (await this.#masters.get('/slaves')) as {
      slaves: { pid: string; active: boolean }[];
    };
    return slaves.some(({ pid, active }) => active && pid.endsWith(`:${port}`));
  }

  async #until(program: SupervisedProcess, condition: () => Promise<boolean>): Promise<void> {
    const startedMs = Date.now();
    let isTold = false;
    while (!this.#stopping) {
      // Until it listens, every attempt fails.
      if (await condition().catch(() => false)) {
        return;
      }
      const waitedMs = Date.now() - startedMs;
      if (waitedMs > PATIENCE_MS && !isTold) {
        isTold = true;
        console.log(`${sentence(program.name)} is not ready yet; ${program.logFile} tells more.`);
      }
      if (waitedMs > READY_MS) {
        const words = program.lastWords();
        throw new Error(
          `${program.name} is not ready after ${READY_MS / 1000} s` +
            (words === undefined ? `; ${program.logFile} tells more` : `: ${words}`),
        );
      }
      await sleep(POLL_MS);
    }
  }
}

/** A program's name at the beginning of a sentence. */
const sentence = (name: string) => `${name.charAt(0).toUpperCase()}${name.slice(1)}`;

const agentName = (number: number) => `agent-${number}`;

const given = (flag: string, value: string | undefined) =>
  value === undefined ? [] : [`--${flag}=${value}`];

interface AgentPart {
  readonly number: number;
  readonly masterFlag: string;
  readonly resources: string;
}

function localAgent(
  folder: string,
  values: LocalFlags,
  { number, masterFlag, resources }: AgentPart,
): LocalAgent {
  const name = agentName(number);
  const port = firstAgentPort(values) + number - 1;
  const process = supervised(folder, name, [
    'agent',
    `--master=${masterFlag}`,
    `--ip=${values.ip}`,
    `--port=${port}`,
    `--work_dir=${join(folder, name)}`,
    `--runtime_dir=${join(folder, name, 'run')}`,
    `--fetcher_cache_dir=${join(folder, name, 'fetch')}`,
    `--resources=${resources}`,
    ...tlsArguments(values),
    ...given('launcher', values.launcher),
    ...given('network_cni_config_dir', values.network_cni_config_dir),
    ...given('network_cni_plugins_dir', values.network_cni_plugins_dir),
    `--isolation=${values.isolation.join(',')}`,
    `--containerizers=${values.containerizers.join(',')}`,
    `--appc_simple_discovery_uri_prefix=${values.appc_simple_discovery_uri_prefix}`,
    `--docker_registry=${values.docker_registry}`,
    ...given('image_providers', values.image_providers?.join(',')),
    // Its share of the machine changes with the number of agents.
    '--reconfiguration_policy=any',
    // No other agents register at the same time.
    '--registration_backoff_factor=50ms',
  ]);
  return { number, port, process };
}

/** Agents of an earlier run that left tasks running. */
function busyAgents(folder: string): number[] {
  return Array.from({ length: MOST_AGENTS }, (_, index) => index + 1).filter((number) => {
    const work = new WorkDirectory(join(folder, agentName(number)));
    if (!existsSync(work.containers)) {
      return false;
    }
    const records = new RunRecords(work);
    return records.all().some((container) => {
      const record = records.supervisor(container);
      return record !== undefined && records.alive(record);
    });
  });
}

function supervised(folder: string, name: string, parameters: readonly string[]) {
  const logFile = join(folder, 'log', `${name}.log`);
  const shown = name === 'master' ? 'the master' : name.replace('-', ' ');
  return new SupervisedProcess({
    name: shown,
    command: [
      join(import.meta.dirname, '..', '..', '..', 'bin', 'mesoscale'),
      ...parameters,
      `--external_log_file=${logFile}`,
    ],
    logFile,
    pidFile: join(folder, `${name}.pid`),
    onRestart: (how, delayMs) => {
      console.log(`${sentence(shown)} ended (${how}); it is started again in ${delayMs / 1000} s.`);
    },
  });
}
