// Three masters behind an ensemble of three ZooKeeper servers, with agents, an operator and
// frameworks that keep them at work. Where the test is root in a network of its own, masters and
// agents have machines of their own, between which connections can be cut.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Group, ZooKeeperDetector } from '../../../src/coordination/zookeeper/zookeeper.ts';
import { parseZooKeeperUrl } from '../../../src/zookeeper/zookeeper-url.ts';
import { Chance } from '../../simulation/chance.ts';
import { until } from '../../support/cluster.ts';
import { ask } from '../../support/requests.ts';
import { type MasterOfSeveral, SeveralMasters } from '../../support/several-masters.ts';
import { Ensemble } from '../../support/zookeeper.ts';
import { Ledger } from './ledger.ts';
import { LoadFramework } from './load-framework.ts';
import { HERE, Machines } from './machines.ts';
import { QuotaLoad } from './quota-load.ts';

const MASTERS = ['one', 'two', 'three'];
const AGENTS = ['agent-one', 'agent-two'];
const FRAMEWORKS = ['a', 'b'];
/** All agents are on one. */
const AGENTS_MACHINE = 'agents';
/** The longest that the ensemble grants: a busy machine lets masters wait for seconds. */
const SESSION_TIMEOUT_MS = 4_000;
const MASTER_FLAGS = [
  '--agent_ping_timeout=1secs',
  '--max_agent_ping_timeouts=3',
  '--allocation_interval=100ms',
];

export class MastersCluster {
  readonly ensemble: Ensemble;
  readonly ledger: Ledger;
  readonly #machines: Machines | undefined;
  readonly #masters: SeveralMasters;
  readonly #frameworks: readonly LoadFramework[];
  readonly #operator: QuotaLoad;
  readonly #releaseFile: string;
  readonly #endWatch: () => void;
  #agents: readonly string[] = [];
  #agentIds: readonly string[] = [];

  private constructor(ensemble: Ensemble, machines: Machines | undefined, seed: number) {
    this.ensemble = ensemble;
    this.#machines = machines;
    this.#masters = new SeveralMasters(ensemble, {
      sessionTimeout: `${SESSION_TIMEOUT_MS}ms`,
      ...(machines === undefined
        ? {}
        : { placeOf: (name) => machines.of(MASTERS.includes(name) ? name : AGENTS_MACHINE) }),
    });
    const startsFile = join(this.#masters.folder, 'starts');
    this.#releaseFile = join(this.#masters.folder, 'release');
    writeFileSync(startsFile, '');
    this.ledger = new Ledger(startsFile);
    this.#frameworks = FRAMEWORKS.map((name, index) => {
      const chance = new Chance(seed + index);
      const files = { startsFile, releaseFile: this.#releaseFile };
      return new LoadFramework({ name, ledger: this.ledger, chance, ...files });
    });
    this.#operator = new QuotaLoad(this.ledger);
    this.#endWatch = this.#watch();
  }

  /** Resolves when all are at work. */
  static async start(seed: number, hasMachines: boolean): Promise<MastersCluster> {
    const [ensemble, machines] = await Promise.all([
      Ensemble.start({ servers: 3, ...(hasMachines ? { ip: HERE } : {}) }),
      hasMachines ? Machines.make(...MASTERS, AGENTS_MACHINE) : undefined,
    ]);
    const cluster = new MastersCluster(ensemble, machines, seed);
    try {
      await cluster.#begin();
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  /** Where agents are. */
  get agentsIp(): string {
    return this.#machines?.of(AGENTS_MACHINE).ip ?? '127.0.0.1';
  }

  get masters(): readonly MasterOfSeveral[] {
    return this.#masters.masters;
  }

  leader(besides?: MasterOfSeveral): Promise<MasterOfSeveral> {
    return this.#masters.leader(besides);
  }

  async startMaster(name: string): Promise<void> {
    await this.#masters.startMaster(name, MASTER_FLAGS);
  }

  /** Starts those again that have ended. */
  async startAllMasters(): Promise<void> {
    const ended = this.masters.filter(({ program }) => program.hasEnded);
    await Promise.all(ended.map(({ name }) => this.startMaster(name)));
  }

  async agentsAt({ address }: MasterOfSeveral, count = AGENTS.length): Promise<void> {
    await this.#masters.agentsAt(address, count);
  }

  /** The machines of a test that has some. */
  get machines(): Machines {
    if (this.#machines === undefined) {
      throw new Error('Connections can be cut only as root');
    }
    return this.#machines;
  }

  /** Resolves when all work goes on with the master; nothing that was answered is lost there. */
  async worksWith(leader: MasterOfSeveral): Promise<void> {
    await this.agentsAt(leader);
    await until('frameworks are subscribed', () =>
      this.#frameworks.every(({ master }) => master === leader.address),
    );
    await until('the quota can be read', () => this.#operator.check(leader.address));
    const ids = await this.#idsAt(leader.address);
    if (ids.join() !== this.#agentIds.join()) {
      this.ledger.fault(`agents are ${ids.join()}, and were ${this.#agentIds.join()}`);
    }
  }

  /** Resolves to what is wrong, when all tasks have ended and nothing is left of them. */
  async end(): Promise<readonly string[]> {
    for (const framework of this.#frameworks) {
      framework.end();
    }
    writeFileSync(this.#releaseFile, '');
    await until('all tasks have ended', () => this.ledger.open('').length === 0);
    await until('all is acknowledged', () => this.ledger.isAllAcknowledged);
    for (const agent of this.#agents) {
      await until('the agent has nothing left to tell', () => isIdle(agent));
    }
    await this.#operator.stop();
    return this.ledger.judge();
  }

  get summary(): string {
    return `${this.ledger.summary}, ${this.#operator.summary}`;
  }

  logs(): string {
    return this.masters.map(({ name, program }) => `${name}:\n${program.log}`).join('\n');
  }

  async stop(): Promise<void> {
    this.#endWatch();
    for (const framework of this.#frameworks) {
      framework.stop();
    }
    await this.#operator.stop();
    await this.#masters.stop();
    await this.ensemble.stop();
    await this.#machines?.remove();
  }

  async #begin(): Promise<void> {
    await Promise.all(MASTERS.map((name) => this.startMaster(name)));
    this.#agents = await Promise.all(AGENTS.map((name) => this.#masters.startAgent(name)));
    const leader = await this.leader();
    await this.agentsAt(leader);
    this.#agentIds = await this.#idsAt(leader.address);
    await this.worksWith(leader);
  }

  /** Tells frameworks and the operator who leads, as ZooKeeper has it. */
  #watch(): () => void {
    const url = parseZooKeeperUrl(this.#masters.zk);
    const group = new Group({ url, sessionTimeoutMs: SESSION_TIMEOUT_MS, log: () => undefined });
    return new ZooKeeperDetector(group, () => undefined).watch((leader) => {
      const address = leader?.pid.slice(leader.pid.indexOf('@') + 1);
      this.#operator.lead(address);
      for (const framework of this.#frameworks) {
        framework.lead(address);
      }
    });
  }

  async #idsAt(address: string): Promise<readonly string[]> {
    const response = await ask(address, '/slaves');
    const { slaves } = (await response.json()) as { slaves: { id: string }[] };
    return slaves.map(({ id }) => id).toSorted();
  }
}

/** Whether it has no executor any more, and so no update that was not acknowledged. */
async function isIdle(agent: string): Promise<boolean> {
  const response = await ask(agent, '/state');
  const { frameworks } = (await response.json()) as { frameworks: { executors: object[] }[] };
  return frameworks.every(({ executors }) => executors.length === 0);
}
