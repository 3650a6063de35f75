// What listens on 127.0.0.1 is for the machine alone. The plugin portmap lets packets with such
// addresses pass between the machine and the bridge, so that ports of containers are reached by
// 127.0.0.1, too; those that come from a container are dropped here.
import { ContainerizerError } from '../../containerizer-error.ts';
import type { Patience } from '../../programs/program-call.ts';
import { runProgram } from '../../programs/programs.ts';

/** Plugins may have many rules to change meanwhile. */
const PATIENCE: Patience = { longestMs: 60_000, unwantedMs: 60_000, endMs: 1_000 };
const MOST_OUTPUT_BYTES = 4096;

export class OwnLoopback {
  readonly #script: string;
  readonly #programPath: string;
  /** Who comes meanwhile has the same, and the rule is there once. */
  #keeping: Promise<void> | undefined;

  /** `link` need not be there yet; `programPath` is the PATH in which iptables is found. */
  constructor(link: string, programPath: string) {
    const rule = `PREROUTING -i ${link} -d 127.0.0.0/8 -j DROP`;
    this.#script = `iptables -w -t raw -C ${rule} 2>/dev/null || iptables -w -t raw -A ${rule}`;
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
    const { failure, stderr } = await runProgram(
      {
        program: '/bin/sh',
        words: ['-c', this.#script],
        environment: { PATH: this.#programPath, LC_ALL: 'C' },
        input: '',
        mostBytes: MOST_OUTPUT_BYTES,
        patience: PATIENCE,
        endsWithAgent: false,
      },
      new AbortController().signal,
    );
    if (failure !== undefined) {
      throw new ContainerizerError(
        "The network BRIDGE needs a rule of iptables that keeps containers from the machine's " +
          `127.0.0.1: ${String(stderr).trim() || `its program ${failure}`}`,
      );
    }
  }
}
