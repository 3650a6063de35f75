// What the fetcher does in a sandbox is done by programs that run as the task's user: they get no
// file that the user could not read, and where a link leads out of the sandbox, they go no further
// than the user could. A user may not be able to reach the sandbox by its path, for others own
// folders on the way; so what is there is named relative to it.
import { dirname, join } from 'node:path';
import { type OutputPlace, saidSince, saidUntil } from '../sandboxes/sandbox-output.ts';
import { shell, type Unpacking } from './archives.ts';
import { FetchError } from './fetch-error.ts';

/** Runs a program in the sandbox as the task's user; resolves to its raw wait status. */
export type RunInSandbox = (program: SandboxProgram) => Promise<number>;

export interface SandboxProgram {
  readonly argv: readonly string[];
  /** Variables in addition to the usual ones. */
  readonly environment?: Readonly<Record<string, string>> | undefined;
  readonly kind: ProgramKind;
}

/** How long a program may take: `files` depends on the size of files, and on where they lie. */
export type ProgramKind = 'step' | 'files' | 'client';

/**
 * Exit statuses of the scripts below: the source is a folder; it is a device or the like; a part of
 * the target's path is no folder.
 */
const IS_FOLDER = 21;
const IS_SPECIAL = 22;
const IS_NO_FOLDER = 23;
/** File systems with files that have no end, such as /proc/kmsg: whoever reads one waits. */
const WAITING = 'proc|tracefs|debugfs';
/** What a shell says of a program that it does not find, or must not run. */
const NOT_STARTED = [126, 127];

/**
 * Paths `to` are relative to the sandbox; all others are absolute. The methods throw FetchError.
 */
export class SandboxPrograms {
  readonly #place: OutputPlace;
  readonly #start: RunInSandbox;

  constructor(place: OutputPlace, run: RunInSandbox) {
    this.#place = place;
    this.#start = run;
  }

  async makeFolderFor(to: string): Promise<void> {
    const folder = dirname(to);
    if (folder === '.') {
      return;
    }
    // Finds the last existing part of the path: if that is no folder, it is in the way.
    const obstacle =
      'p=$1; until [ -e "$p" ]; do p=$(dirname -- "$p"); done;' +
      ` [ -d "$p" ] || exit ${IS_NO_FOLDER}; exit 1`;
    const argv = shell(`mkdir -p -- "$1" && exit 0; ${obstacle}`, asArgument(folder));
    const { status, said } = await this.#run({ argv, kind: 'step' });
    if (status === IS_NO_FOLDER << 8) {
      throw new FetchError('Error downloading resource: Not a directory');
    }
    if (status !== 0) {
      throw new FetchError(`Failed to create directory '${this.#shown(folder)}'`, { said });
    }
  }

  /**
   * Copies a file of the machine's. The copy belongs to the user, and does not have the permissions
   * of the original. `shown` is the path as messages may have it, `to` may be absolute, too.
   */
  async copyLocal(local: string, shown: string, to: string): Promise<void> {
    const argv = shell(
      `[ -d "$1" ] && exit ${IS_FOLDER}; [ -e "$1" ] && [ ! -f "$1" ] && exit ${IS_SPECIAL};` +
        ` case $(stat -f -c %T -- "$1" 2>/dev/null) in ${WAITING}) exit ${IS_SPECIAL};; esac;` +
        ' exec cp -T -- "$1" "$2"',
      local,
      asArgument(to),
    );
    const { status, said } = await this.#run({ argv, kind: 'files' });
    if (status === IS_FOLDER << 8) {
      throw new FetchError('`source` was a directory', { detail: `'${shown}' is a folder` });
    }
    if (status === IS_SPECIAL << 8) {
      // Reading a device might never end, and reading a FIFO never begin.
      throw new FetchError(`'${shown}' is no regular file`);
    }
    if (status !== 0) {
      // The program's output may contain the path that must not be shown, even in part.
      const isShown = local === shown || said.includes(local);
      throw new FetchError(`cp failed with status: ${status}`, {
        detail: `'${shown}' could not be copied`,
        said: isShown ? said.replaceAll(local, shown) : '',
      });
    }
  }

  /**
   * Takes a file of the user's own that is in no one else's hands. A hard link costs nothing; on
   * another file system (a volume) the file is copied.
   */
  take(from: string, to: string): Promise<void> {
    const script = '{ ln -fT -- "$1" "$2" 2>/dev/null || cp -T -- "$1" "$2"; }';
    return this.#bring(script, from, to);
  }

  /** Takes a copy of a file that stays as it is. */
  copy(from: string, to: string): Promise<void> {
    return this.#bring('cp -T -- "$1" "$2"', from, to);
  }

  /** Takes what a program of the user's has brought, which may be a folder. */
  move(from: string, to: string): Promise<void> {
    const argv = ['mv', '-fT', '--', from, asArgument(to)];
    return this.#check(argv, this.#notMoved(to));
  }

  makeExecutable(to: string): Promise<void> {
    const what = `Failed to make '${this.#shown(to)}' executable`;
    return this.#check(['chmod', '755', '--', asArgument(to)], what, 'step');
  }

  /** Unpacks into the sandbox; `from` may be a path in it, `name` is the name that it has there. */
  async unpack(unpacking: Unpacking, from: string, name: string): Promise<void> {
    const argv = unpacking.argv(asArgument(from), name);
    const { status, said } = await this.#run({ argv, kind: 'files' });
    if (status !== 0) {
      const isForeign = unpacking.foreign?.includes(status) === true;
      throw new FetchError(
        `Failed to extract archive '${this.#shown(name)}' to '${this.#place.sandbox}'` +
          (isForeign ? ': Unrecognized archive format' : ''),
        { said },
      );
    }
  }

  /** Runs the client of another system; resolves to undefined where there is none. */
  async client(
    argv: readonly string[],
    environment: Readonly<Record<string, string>>,
  ): Promise<{ readonly status: number; readonly said: string } | undefined> {
    const program = { argv: shell('"$@"', ...argv), environment, kind: 'client' } as const;
    const { status, said } = await this.#run(program);
    return NOT_STARTED.includes(status >> 8) ? undefined : { status, said };
  }

  /** Writes lines to the sandbox's `stderr`, which may be a link by now. */
  async tell(lines: readonly string[]): Promise<void> {
    const argv = shell('printf "%s\\n" "$@" >&2', ...lines);
    await this.#start({ argv, kind: 'step' }).catch(() => undefined);
  }

  #bring(script: string, from: string, to: string): Promise<void> {
    const argv = shell(`${script} && exec chmod 644 -- "$2"`, from, asArgument(to));
    return this.#check(argv, this.#notMoved(to));
  }

  async #check(argv: readonly string[], what: string, kind: ProgramKind = 'files') {
    const { status, said } = await this.#run({ argv, kind });
    if (status !== 0) {
      throw new FetchError(what, { said });
    }
  }

  /** The raw wait status of a program, and its last output if it failed. */
  async #run(program: SandboxProgram) {
    const before = await saidUntil(this.#place, 'stderr');
    const status = await this.#start(program);
    return { status, said: status === 0 ? '' : await saidSince(this.#place, 'stderr', before) };
  }

  readonly #notMoved = (to: string) => `Failed to move the download to '${this.#shown(to)}'`;

  readonly #shown = (to: string) => join(this.#place.sandbox, to);
}

/** A path as no program takes it for an option or another machine's. */
const asArgument = (path: string) => (path.startsWith('/') ? path : `./${path}`);
