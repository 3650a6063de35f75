// The masters of a local cluster: one with a registry in its own folder, or several that elect one
// of themselves in ZooKeeper. Which are there, how agents find the leader, and what it says.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OperatorClient } from '../../http/client/operator-client.ts';
import type { Dialer } from '../../http/transport/dialer.ts';
import type { FlagValues } from '../flags/flag.ts';
import type { LOCAL_FLAGS } from './flags.ts';
import { type LocalMaster, mastersOf } from './master-share.ts';

type Values = FlagValues<typeof LOCAL_FLAGS>;

/** How long one response of a master may take. */
const ANSWER_MS = 10_000;

export class LocalMasters {
  readonly list: readonly LocalMaster[];
  /** `--master` of agents and commands on this machine. */
  readonly masterFlag: string;
  readonly #values: Values;
  readonly #dialer: Dialer;
  readonly #zkFile: string;
  /** Of the leader, or of a master that says who leads. */
  #client: OperatorClient;
  /** The place in `list` of the master that the client was made for. */
  #asked = 0;

  /** Throws FlagError. */
  constructor(values: Values, folder: string, dialer: Dialer) {
    this.#values = values;
    this.#dialer = dialer;
    this.#zkFile = join(folder, 'zk');
    this.list = mastersOf(values, this.#zkFile);
    this.masterFlag =
      values.zk === undefined ? `${values.ip}:${values.port}` : `file://${this.#zkFile}`;
    this.#client = this.#clientOf(this.#asked);
  }

  /** The flags of the programs name a file, so that no list of processes shows a password. */
  prepare(): void {
    if (this.#values.zk !== undefined) {
      // A file that is there keeps its rights, whatever the mode says.
      rmSync(this.#zkFile, { force: true });
      writeFileSync(this.#zkFile, `${this.#values.zk}\n`, { mode: 0o600, flag: 'wx' });
    }
  }

  /** Resolves when the master answers, leading or not. */
  async answers(master: LocalMaster): Promise<void> {
    await this.#clientOf(this.list.indexOf(master)).get('/health');
  }

  /** What the leader says, whichever master it is. Rejects where none can be asked. */
  async get(path: string): Promise<unknown> {
    for (let tries = 1; ; tries++) {
      const client = this.#client;
      try {
        return await client.get(path);
      } catch (error) {
        // The client may have been sent to a leader that is gone since.
        if (client === this.#client && this.list.length > 1) {
          this.#asked = (this.#asked + 1) % this.list.length;
          this.#client = this.#clientOf(this.#asked);
        }
        if (tries >= this.list.length) {
          throw error;
        }
      }
    }
  }

  #clientOf(index: number): OperatorClient {
    const { port } = this.list[index] as LocalMaster;
    return new OperatorClient({
      address: `${this.#values.ip}:${port}`,
      dialer: this.#dialer,
      timeoutMs: ANSWER_MS,
    });
  }
}
