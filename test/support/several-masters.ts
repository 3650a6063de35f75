// Several masters that elect one of themselves in a real ZooKeeper, with agents that find them
// there.
import { join } from 'node:path';
import { freePort, type Program, TestCluster, until } from './cluster.ts';
import type { NetworkNamespace } from './network-namespace.ts';
import { ask } from './requests.ts';
import type { Ensemble } from './zookeeper.ts';

export interface MasterOfSeveral {
  readonly name: string;
  readonly address: string;
  readonly program: Program;
}

/** The machine of a program, where it is not that of the test. */
interface Place {
  readonly network?: NetworkNamespace | undefined;
  readonly ip: string;
}

interface SeveralMastersOptions {
  readonly path?: string;
  readonly sessionTimeout?: string;
  /** Where the master or agent of a name runs. */
  readonly placeOf?: (name: string) => Place;
}

const HERE: Place = { ip: '127.0.0.1' };

export class SeveralMasters {
  readonly zk: string;
  readonly #ensemble: Ensemble;
  readonly #cluster = new TestCluster();
  readonly #sessionTimeout: string;
  readonly #placeOf: (name: string) => Place;
  readonly #masters = new Map<string, MasterOfSeveral>();

  constructor(ensemble: Ensemble, options: SeveralMastersOptions = {}) {
    const { path = '/mesos', sessionTimeout = '4secs', placeOf = () => HERE } = options;
    this.#ensemble = ensemble;
    this.zk = `zk://${ensemble.addresses.join(',')}${path}`;
    this.#sessionTimeout = sessionTimeout;
    this.#placeOf = placeOf;
  }

  get folder(): string {
    return this.#cluster.folder;
  }

  get masters(): readonly MasterOfSeveral[] {
    return [...this.#masters.values()];
  }

  /** Resolves when the master answers. A name that was used before is one that is started again. */
  async startMaster(
    name: string,
    flags: readonly string[] = [],
    zk = this.zk,
  ): Promise<MasterOfSeveral> {
    const { ip, network } = this.#placeOf(name);
    const port = Number(this.#masters.get(name)?.address.split(':')[1] ?? (await freePort()));
    const program = this.#cluster.run(
      [
        'master',
        `--ip=${ip}`,
        `--hostname=${ip}`,
        `--port=${port}`,
        `--zk=${zk}`,
        `--zk_session_timeout=${this.#sessionTimeout}`,
        `--work_dir=${join(this.folder, name)}`,
        ...flags,
      ],
      `${name}.log`,
      network,
    );
    const master = { name, address: `${ip}:${port}`, program };
    this.#masters.set(name, master);
    await until(`${name} answers`, () => answers(master.address));
    return master;
  }

  /** Resolves when the agent answers. */
  async startAgent(name = 'agent', flags: readonly string[] = []): Promise<string> {
    const { ip, network } = this.#placeOf(name);
    const port = await freePort();
    this.#cluster.run(
      [
        'agent',
        `--ip=${ip}`,
        `--hostname=${ip}`,
        `--port=${port}`,
        `--master=${this.zk}`,
        `--zk_session_timeout=${this.#sessionTimeout}`,
        `--work_dir=${join(this.folder, name)}`,
        `--runtime_dir=${join(this.folder, name, 'run')}`,
        '--resources=cpus:4;mem:2048;disk:1024;ports:[31000-31099]',
        '--registration_backoff_factor=10ms',
        '--no-switch_user',
        ...flags,
      ],
      `${name}.log`,
      network,
    );
    const address = `${ip}:${port}`;
    await until(`${name} answers`, () => answers(address));
    return address;
  }

  run(parameters: readonly string[], log: string): Program {
    return this.#cluster.run(parameters, log);
  }

  /** Of the same master, for a client that can neither encrypt nor authenticate. */
  plainAddress({ address }: MasterOfSeveral): Promise<string> {
    return this.#cluster.plainAddress(address);
  }

  /** The master that says of itself that it leads, once it has read the registry. */
  leader(besides?: MasterOfSeveral): Promise<MasterOfSeveral> {
    return until('a master leads', async () => {
      for (const master of this.masters.filter((it) => it !== besides)) {
        if (await leads(master.address)) {
          return master;
        }
      }
      return undefined;
    });
  }

  /** Resolves when the master has the number of active agents. */
  agentsAt(address: string, count = 1): Promise<unknown> {
    return until(`${count} agents are registered at ${address}`, async () => {
      const response = await ask(address, '/slaves');
      const { slaves } = (await response.json()) as { slaves: { active: boolean }[] };
      return slaves.filter(({ active }) => active).length === count;
    });
  }

  stop(): Promise<void> {
    return this.#cluster.stop();
  }

  /** What is in the folder of the candidates, as others see it. */
  get ensemble(): Ensemble {
    return this.#ensemble;
  }
}

const answers = async (address: string) => (await ask(address, '/health')).ok;

async function leads(address: string): Promise<boolean> {
  const signal = AbortSignal.timeout(1_000);
  const response = await ask(address, '/slaves', { signal }).catch(() => undefined);
  return response?.status === 200;
}
