// Network namespaces that are there without a process, as files: each is made before the container
// whose network it becomes, and removed after it. The supervisor program makes them, for only a
// process that enters one can do so (supervisor/network.c).
import { mkdir, readdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { errorText } from '../../model/error-text.ts';
import { ContainerizerError } from '../containerizer-error.ts';
import type { Patience, ProgramEnd } from '../programs/program-call.ts';
import { runProgram } from '../programs/programs.ts';
import { isAbsence } from '../records/record-file.ts';

/** The kernel makes and removes namespaces one by one, and may have many to remove. */
const PATIENCE: Patience = { longestMs: 60_000, unwantedMs: 60_000, endMs: 1_000 };
const MOST_OUTPUT_BYTES = 4096;

/** As statfs(2) tells of a file that is a namespace. */
const NAMESPACE_FILES = 0x6e736673;

export class NetworkNamespaces {
  readonly #folder: string;
  readonly #program: string;

  /**
   * `folder` is a path that only root can change; `program` that of the supervisor. In the folder
   * there is another for each namespace, of its name, and in that the file `ns`.
   */
  constructor(folder: string, program: string) {
    this.#folder = folder;
    this.#program = program;
  }

  /**
   * Makes one in which there is nothing but the loopback, in place of one that was left under this
   * name, and returns its path. It is whole, or not there. Rejects with ContainerizerError.
   */
  async make(name: string): Promise<string> {
    await this.#work('make', name);
    return this.path(name);
  }

  /**
   * One that is not there is removed already. It ends with the last process that is in it. Its
   * folder stays while there are other files in that. Rejects with ContainerizerError.
   */
  remove(name: string): Promise<void> {
    return this.#work('remove', name);
  }

  path(name: string): string {
    return join(this.#folder, name, 'ns');
  }

  async exists(name: string): Promise<boolean> {
    try {
      return (await statfs(this.path(name))).type === NAMESPACE_FILES;
    } catch (error) {
      if (isAbsence(error)) {
        return false;
      }
      throw error;
    }
  }

  /** Those that have a folder: also what is left of some that are gone, as after a reboot. */
  async names(): Promise<string[]> {
    try {
      const entries = await readdir(this.#folder, { withFileTypes: true });
      return entries.filter((it) => it.isDirectory()).map(({ name }) => name);
    } catch (error) {
      if (isAbsence(error)) {
        return [];
      }
      throw error;
    }
  }

  async #work(does: 'make' | 'remove', name: string): Promise<void> {
    const fail = (why: string, cause?: unknown) => {
      const path = this.path(name);
      return new ContainerizerError(`Failed to ${does} the network namespace '${path}': ${why}`, {
        cause,
      });
    };
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o711 });
    } catch (error) {
      throw fail(errorText(error), error);
    }
    const end = await runProgram(
      {
        program: this.#program,
        words: [`${does}-network`, this.#folder, name],
        environment: {},
        input: '',
        mostBytes: MOST_OUTPUT_BYTES,
        patience: PATIENCE,
        endsWithAgent: false,
      },
      new AbortController().signal,
    );
    if (end.failure !== undefined) {
      throw fail(whyOf(end));
    }
  }
}

/** What the program has said, or how it has failed. */
const whyOf = ({ hasExited, stdout, failure }: ProgramEnd) =>
  (hasExited && String(stdout).trim()) || `its program ${failure}`;
