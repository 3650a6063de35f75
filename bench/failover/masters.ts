// Several masters behind an ensemble of ZooKeeper servers on the loopback, and who of them leads.
import { Group, ZooKeeperDetector } from '../../src/coordination/zookeeper/zookeeper.ts';
import { type Address, formatAddress, parseAddress } from '../../src/model/address.ts';
import { parseZooKeeperUrl } from '../../src/zookeeper/zookeeper-url.ts';
import { Ensemble } from '../../test/support/zookeeper.ts';
import { MasterProcess, type Usage, usageOf } from '../e2e/master-process.ts';

interface MastersOptions {
  readonly masters: number;
  readonly servers: number;
  /** The first; the others have those that follow. */
  readonly port: number;
  readonly sessionTimeoutMs: number;
}

interface Master {
  readonly address: Address;
  readonly process: MasterProcess;
}

/** An ensemble lets sessions last for 2 to 20 ticks. */
const TICKS = 5;
const HOST = '127.0.0.1';

export class Masters {
  readonly #ensemble: Ensemble;
  readonly #masters: readonly Master[];
  readonly #group: Group;
  #leader: Address | undefined;
  #listener: (leader: Address) => void = () => undefined;

  private constructor(ensemble: Ensemble, { masters, port, sessionTimeoutMs }: MastersOptions) {
    this.#ensemble = ensemble;
    const zk = `zk://${ensemble.addresses.join(',')}/mesos`;
    const flags = [`--zk=${zk}`, `--zk_session_timeout=${sessionTimeoutMs}ms`];
    this.#masters = Array.from({ length: masters }, (_, index) => ({
      address: { host: HOST, port: port + index },
      process: new MasterProcess(port + index, ['--allocation_interval=50ms', ...flags]),
    }));
    const url = parseZooKeeperUrl(zk);
    this.#group = new Group({ url, sessionTimeoutMs, log: () => undefined });
  }

  static async start(options: MastersOptions): Promise<Masters> {
    const { servers, sessionTimeoutMs } = options;
    const tickMs = Math.ceil(sessionTimeoutMs / TICKS);
    const masters = new Masters(await Ensemble.start({ servers, tickMs }), options);
    try {
      await Promise.all(masters.#masters.map(({ process }) => process.start()));
      masters.#watch();
      return masters;
    } catch (error) {
      await masters.stop();
      throw error;
    }
  }

  /** Calls with the present leader, and with each one that leads afterwards. */
  follow(listener: (leader: Address) => void): void {
    this.#listener = listener;
    if (this.#leader !== undefined) {
      listener(this.#leader);
    }
  }

  /** The process of a leader. */
  at({ port }: Address): MasterProcess {
    const found = this.#masters.find(({ address }) => address.port === port);
    if (found === undefined) {
      throw new Error(`${port} is no master of this bench`);
    }
    return found.process;
  }

  /** Of those that run, by their ports. */
  usages(): ReadonlyMap<number, Usage> {
    return new Map(
      this.#masters.flatMap(({ address, process }) => {
        const usage = usageOf(process.pid);
        return usage === undefined ? [] : [[address.port, usage]];
      }),
    );
  }

  async stop(): Promise<void> {
    await this.#group.close();
    await Promise.all(this.#masters.map(({ process }) => process.stop()));
    await this.#ensemble.stop();
  }

  #watch(): void {
    new ZooKeeperDetector(this.#group, () => undefined).watch((leader) => {
      this.#leader = leader && parseAddress(leader.pid.slice(leader.pid.indexOf('@') + 1));
      if (this.#leader !== undefined) {
        this.#listener(this.#leader);
      }
    });
  }
}

/** Resolves when the master answers calls of operators: it has read the registry. */
export async function answersCalls(master: Address): Promise<void> {
  const call = { method: 'POST', headers: { 'content-type': 'application/json' } };
  for (;;) {
    const answer = await fetch(`http://${formatAddress(master)}/api/v1`, {
      ...{ ...call, body: '{"type":"GET_VERSION"}', redirect: 'manual' },
      signal: AbortSignal.timeout(LONGEST_ANSWER_MS),
    }).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.status === 200) {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

const LOOK_MS = 20;
const LONGEST_ANSWER_MS = 10_000;
