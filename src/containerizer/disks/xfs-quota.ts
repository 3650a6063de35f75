// Project quotas of an XFS file system, set and read by its own programs, xfs_quota and xfs_io.
//
// A project is a number that a folder has, and all that is made below it gets. The kernel counts
// what each project uses, and holds it to a limit.
import { spawn, spawnSync } from 'node:child_process';
import { close, constants, open, realpathSync } from 'node:fs';
import { promisify } from 'node:util';
import { ContainerizerError } from '../containerizer-error.ts';
import { mountOf } from '../host/mounts.ts';

const openFile = promisify(open);
const closeFile = promisify(close);

export interface XfsPrograms {
  readonly xfsQuota: string;
  readonly xfsIo: string;
}

/** What one project uses, and may use; a limit of nothing is none. */
export interface ProjectUse {
  readonly usedBytes: number;
  readonly softBytes: number;
  readonly hardBytes: number;
  readonly inodes: number;
}

const LONGEST_MS = 30_000;
/** Far more than a report of all projects there may be. */
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;
const ENVIRONMENT = { LC_ALL: 'C' };
const REPORT = 'report -p -b -i -N -n';
const BYTES_PER_BLOCK = 1024;
/** The opened folder, in the program that gets it; the program takes no link for a folder. */
const FOLDER = '/proc/self/fd/3/.';

/** Lines of number, blocks used, soft and hard limit, warnings, grace, and the same of inodes. */
const PROJECT = /^#(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s+\d+\s+\[[^\]]*\]\s+(\d+)\s/gm;

export const projectsIn = (report: string): ReadonlyMap<number, ProjectUse> =>
  new Map(
    [...report.matchAll(PROJECT)].map(([, project, used, soft, hard, inodes]) => [
      Number(project),
      {
        usedBytes: Number(used) * BYTES_PER_BLOCK,
        softBytes: Number(soft) * BYTES_PER_BLOCK,
        hardBytes: Number(hard) * BYTES_PER_BLOCK,
        inodes: Number(inodes),
      },
    ]),
  );

export class XfsQuota {
  readonly #programs: XfsPrograms;
  /** Where the file system is mounted. */
  readonly mount: string;

  private constructor(programs: XfsPrograms, mount: string) {
    this.#programs = programs;
    this.mount = mount;
  }

  /** Of the file system with this folder. Throws ContainerizerError where it has no such quotas. */
  static of(programs: XfsPrograms, folder: string): XfsQuota {
    const mount = mountOf(realpathSync(folder));
    if (mount?.type !== 'xfs') {
      throw new ContainerizerError(`'${folder}' is not on an XFS file system`);
    }
    const quota = new XfsQuota(programs, mount.point);
    const state = quota.#runNow('state -p');
    if (!/Accounting: ON/.test(state) || !/Enforcement: ON/.test(state)) {
      throw new ContainerizerError(
        `'${mount.point}', the file system of '${folder}', is not mounted with the option prjquota`,
      );
    }
    return quota;
  }

  /** As `report`, at the start of the agent. Throws ContainerizerError. */
  reportNow(): ReadonlyMap<number, ProjectUse> {
    return projectsIn(this.#runNow(REPORT));
  }

  /** All projects of which there is anything, or that have a limit. */
  async report(): Promise<ReadonlyMap<number, ProjectUse>> {
    return projectsIn(await this.#run([REPORT]));
  }

  /** Gives a folder to a project, and the project its limits. What is in it stays as it is. */
  async assign(folder: string, project: number, limits: ProjectLimits): Promise<void> {
    const file = await openFolder(folder);
    try {
      await this.#run([`project -s -d 0 -p ${FOLDER} ${project}`, limitOf(project, limits)], file);
    } finally {
      await closeFile(file);
    }
  }

  async limit(project: number, limits: ProjectLimits): Promise<void> {
    await this.#run([limitOf(project, limits)]);
  }

  /** The project of a folder; 0: none. Rejects where there is no such folder. */
  async projectOf(folder: string): Promise<number> {
    const file = await openFolder(folder);
    try {
      const text = await output(this.#programs.xfsIo, ['-r', '-c', 'stat', FOLDER], file);
      return Number(/^fsxattr\.projid = (\d+)$/m.exec(text)?.[1] ?? 0);
    } finally {
      await closeFile(file);
    }
  }

  #run(commands: readonly string[], file?: number): Promise<string> {
    const all = commands.flatMap((command) => ['-c', command]);
    return output(this.#programs.xfsQuota, ['-x', ...all, this.mount], file);
  }

  #runNow(command: string): string {
    const { xfsQuota } = this.#programs;
    const { stdout, stderr, error } = spawnSync(xfsQuota, ['-x', '-c', command, this.mount], {
      encoding: 'utf8',
      env: ENVIRONMENT,
      timeout: LONGEST_MS,
      maxBuffer: MAX_OUTPUT_BYTES,
    });
    if (error !== undefined || stderr !== '') {
      throw new ContainerizerError(`xfs_quota failed: ${error?.message ?? stderr.trim()}`);
    }
    return stdout;
  }
}

export interface ProjectLimits {
  /** What may be exceeded for a while; nothing: there is no limit. */
  readonly softBytes: number;
  readonly hardBytes: number;
}

export const NO_LIMITS: ProjectLimits = { softBytes: 0, hardBytes: 0 };

const blocks = (bytes: number) => `${Math.ceil(bytes / BYTES_PER_BLOCK)}k`;

const limitOf = (project: number, { softBytes, hardBytes }: ProjectLimits) =>
  `limit -p bsoft=${blocks(softBytes)} bhard=${blocks(hardBytes)} ${project}`;

/** A task may have put a link or a FIFO there: neither is followed, or waited for. */
const openFolder = (folder: string) =>
  openFile(folder, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);

/** The programs end with success whatever happens, and tell of errors on stderr. */
function output(program: string, args: readonly string[], file?: number): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const child = spawn(program, args, {
    cwd: '/',
    env: ENVIRONMENT,
    stdio: ['ignore', 'pipe', 'pipe', ...(file === undefined ? [] : [file])],
    timeout: LONGEST_MS,
    killSignal: 'SIGKILL',
  });
  let text = '';
  let errors = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    text = (text + chunk).slice(0, MAX_OUTPUT_BYTES);
  });
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    errors = (errors + chunk).slice(0, MAX_ERROR_BYTES);
  });
  child.on('error', reject);
  child.on('close', (_, signal) => {
    if (errors === '' && signal === null) {
      resolve(text);
    } else {
      reject(new ContainerizerError(`${program} failed: ${errors.trim() || signal}`));
    }
  });
  return promise;
}

const MAX_ERROR_BYTES = 1_000;
