// What listens on 127.0.0.1 is for the machine alone. The plugin portmap lets packets with such
// addresses pass between the machine and the bridge, so that ports of containers are reached by
// 127.0.0.1, too; those that come from a container are dropped here.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { errorText } from '../../../model/error-text.ts';
import { ContainerizerError } from '../../containerizer-error.ts';

const run = promisify(execFile);

/** Plugins may have many rules to change meanwhile. */
const LONGEST_MS = 60_000;
const MOST_OUTPUT = 64 * 1024;

export class OwnLoopback {
  readonly #rule: readonly string[];
  readonly #programPath: string;
  /** Who comes meanwhile has the same, and the rule is there once. */
  #keeping: Promise<void> | undefined;

  /** `link` need not be there yet; `programPath` is the PATH in which iptables is found. */
  constructor(link: string, programPath: string) {
    this.#rule = ['PREROUTING', '-i', link, '-d', '127.0.0.0/8', '-j', 'DROP'];
    this.#programPath = programPath;
  }

  /** Makes the rule where it is missing. Rejects with ContainerizerError. */
  keep(): Promise<void> {
    this.#keeping ??= this.#keep().finally(() => {
      this.#keeping = undefined;
    });
    return this.#keeping;
  }

  async #keep(): Promise<void> {
    try {
      await this.#iptables('-C').catch(() => this.#iptables('-A'));
    } catch (error) {
      const { stderr = '' } = error as { stderr?: string };
      throw new ContainerizerError(
        "The network BRIDGE needs a rule of iptables that keeps containers from the machine's " +
          `127.0.0.1: ${stderr.trim() || errorText(error)}`,
        { cause: error },
      );
    }
  }

  async #iptables(does: '-C' | '-A'): Promise<void> {
    await run('iptables', ['-w', '-t', 'raw', does, ...this.#rule], {
      env: { PATH: this.#programPath, LC_ALL: 'C' },
      timeout: LONGEST_MS,
      killSignal: 'SIGKILL',
      maxBuffer: MOST_OUTPUT,
    });
  }
}
