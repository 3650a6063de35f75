// The OCI runtime of this machine: a program that makes namespaces, mounts and all else that its
// configuration says, starts a process there, and ends.
import { execFile } from 'node:child_process';
import { isAbsolute } from 'node:path';
import { promisify } from 'node:util';
import { ContainerizerError } from '../../containerizer-error.ts';
import type { Host } from '../../host/host.ts';

/** In the order in which they are looked for. */
const KINDS = ['crun', 'runc'] as const;
type Kind = (typeof KINDS)[number];

/** runc wants a root in every user namespace. */
const KINDS_WITHOUT_ROOT: readonly Kind[] = ['crun'];

const run = promisify(execFile);
const ANSWER_MS = 10_000;

/** How many descriptors beside input and output the runtime leaves open (supervisor/inside.c). */
const DESCRIPTORS = '5';

export interface RuntimePaths {
  /** Where the runtime keeps what it knows of its containers; here it is of one. */
  readonly state: string;
  readonly log: string;
  readonly pid: string;
}

/** Where cgroups are mounted, as runtimes have it. */
const CGROUPS = '/sys/fs/cgroup';

/** In the annotations of a bundle: which runtime made the container and knows its state. */
const PATH = 'mesoscale.runtime.path';
const KIND = 'mesoscale.runtime.kind';

export class OciRuntime {
  readonly #path: string;
  readonly #kind: Kind;

  private constructor(path: string, kind: Kind) {
    this.#path = path;
    this.#kind = kind;
  }

  /** The runtime with these annotations; undefined where they name none that is known here. */
  static of(annotations: Readonly<Record<string, string>>): OciRuntime | undefined {
    const { [PATH]: path, [KIND]: name } = annotations;
    const kind = KINDS.find((it) => it === name);
    return path === undefined || kind === undefined ? undefined : new OciRuntime(path, kind);
  }

  get annotations(): Record<string, string> {
    return { [PATH]: this.#path, [KIND]: this.#kind };
  }

  /**
   * `given` is the operator's choice, and `needs` the flag for which there must be one. Rejects
   * with ContainerizerError.
   */
  static async open(
    given: string | undefined,
    { programs, isRoot }: Pick<Host, 'programs' | 'isRoot'>,
    needs = '--launcher=linux',
  ): Promise<OciRuntime> {
    const kinds = isRoot ? KINDS : KINDS_WITHOUT_ROOT;
    const path = given ?? kinds.map((kind) => programs.get(kind)).find((it) => it !== undefined);
    if (path === undefined && !isRoot) {
      throw new ContainerizerError(
        '--launcher=linux of an agent that is not root needs crun, which is not in PATH: install ' +
          'it (Debian, Ubuntu, Fedora: package crun), or name it with --oci_runtime',
      );
    }
    if (path === undefined) {
      throw new ContainerizerError(
        `${needs} needs an OCI runtime, and there is none in PATH: install crun ` +
          '(Debian, Ubuntu, Fedora: package crun) or runc, or name one with --oci_runtime',
      );
    }
    if (!isAbsolute(path)) {
      throw new ContainerizerError(`--oci_runtime=${path} is not an absolute path`);
    }
    const kind = await kindOf(path);
    if (!kinds.includes(kind)) {
      throw new ContainerizerError(
        `The OCI runtime '${path}' is ${kind}, which makes no containers of which the user is the ` +
          "agent's own: an agent that is not root needs crun",
      );
    }
    return new OciRuntime(path, kind);
  }

  /**
   * What keeps it from cgroups, as a step of its stage (supervisor/stage.c), and what it sees as
   * the machine's files after that. runc looks for cgroups wherever they are mounted, and makes and
   * leaves some of its own unless all are closed to it; so are they to its containers.
   */
  stage(rest: readonly string[]): string[] {
    return this.#kind === 'runc' ? ['close', CGROUPS, '', ...rest] : [...rest, 'hide', CGROUPS, ''];
  }

  /**
   * Whether nothing that is mounted on the machine later shows in what it makes the container's
   * root.
   */
  get makesPrivate(): boolean {
    return this.#kind === 'crun';
  }

  /** The command line that makes the container of a bundle. */
  run(bundle: string, { state, log, pid }: RuntimePaths): string[] {
    return [
      ...this.#begin(state, log),
      ...['run', '--detach', '--no-new-keyring', '--preserve-fds', DESCRIPTORS],
      ...['--pid-file', pid, '--bundle', bundle, CONTAINER],
    ];
  }

  /** The command line that starts a process in a container that runs. */
  execute(process: string, { state, log, pid }: RuntimePaths): string[] {
    return [
      ...this.#begin(state, log),
      ...['exec', '--detach', '--preserve-fds', DESCRIPTORS],
      ...['--pid-file', pid, '--process', process, CONTAINER],
    ];
  }

  #begin(state: string, log: string): string[] {
    return [
      this.#path,
      // The agent makes the cgroups, and a process joins them before it becomes the runtime.
      ...(this.#kind === 'crun' ? ['--cgroup-manager=disabled'] : ['--rootless=true']),
      ...['--root', state, '--log', log, '--log-format', 'json'],
    ];
  }
}

/** Its name within its own state. */
const CONTAINER = 'container';

async function kindOf(path: string): Promise<Kind> {
  let text: string;
  try {
    ({ stdout: text } = await run(path, ['--version'], { timeout: ANSWER_MS, killSignal: 9 }));
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new ContainerizerError(
      `The OCI runtime '${path}' (--oci_runtime) does not answer: ${why}`,
    );
  }
  const kind = KINDS.find((it) => text.startsWith(`${it} version`));
  if (kind === undefined) {
    throw new ContainerizerError(
      `'${path}' is no OCI runtime that is known here (${KINDS.join(', ')}): it calls itself ` +
        `'${text.slice(0, 100).trim()}'`,
    );
  }
  return kind;
}
