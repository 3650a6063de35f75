// Finds the program that supervises containers, or compiles it from its sources at the first start.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, constants, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ContainerizerError } from './containerizer-error.ts';

const run = promisify(execFile);
const sourceFolder = fileURLToPath(new URL('./supervisor', import.meta.url));
const header = join(sourceFolder, 'container.h');
const sources = ['spawner.c', 'supervisor.c', 'process.c', 'records.c'].map((name) =>
  join(sourceFolder, name),
);

// A static program starts faster and takes less memory; not every machine has a static libc.
const linking = [['-static'], []];

export interface SupervisorProgram {
  readonly file: string;
  readonly arguments: readonly string[];
  /** Why it is not the compiled one, which costs less. */
  readonly compromise?: string;
}

/**
 * The program in the first of the folders that has it or in which it can be made. Its name carries
 * the hash of its sources: running supervisors of another version keep their file. Where there is no
 * compiler, a script does the same.
 */
export async function supervisorProgram(folders: readonly string[]): Promise<SupervisorProgram> {
  const hash = await hashOf([header, ...sources]);
  const paths = folders.map((folder) => join(folder, `supervisor-${process.arch}-${hash}`));
  for (const path of paths) {
    if (await isExecutable(path)) {
      return { file: path, arguments: [] };
    }
  }
  const causes: unknown[] = [];
  for (const [index, path] of paths.entries()) {
    try {
      await mkdir(folders[index] ?? '.', { recursive: true });
      await compile(path);
      return { file: path, arguments: [] };
    } catch (error) {
      causes.push(error);
    }
  }
  return scriptInstead(causes[0]);
}

async function hashOf(paths: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const path of paths) {
    hash.update(await readFile(path));
  }
  return hash.digest('hex').slice(0, 16);
}

async function scriptInstead(cause: unknown): Promise<SupervisorProgram> {
  const what = `The supervisor of containers could not be compiled (${textOf(cause)})`;
  try {
    await run('perl', ['-e', 'use POSIX']);
  } catch (error) {
    throw new ContainerizerError(
      `${what}, and there is no perl to do without: install a compiler`,
      { cause: error },
    );
  }
  return { ...supervisorScript, compromise: `${what}: a slower script does its work` };
}

export const supervisorScript: SupervisorProgram = {
  file: 'perl',
  arguments: [join(sourceFolder, 'supervisor.pl')],
};

function textOf(error: unknown): string {
  const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
  return isMissing ? 'cc was not found' : String(error).trim();
}

async function compile(path: string): Promise<void> {
  const temporary = `${path}.${process.pid}.${Date.now()}`;
  let cause: unknown;
  for (const flags of linking) {
    try {
      await run('cc', ['-std=gnu11', '-Os', '-s', ...flags, '-o', temporary, ...sources]);
      // Many agents may start at once: each compiles its own, and any of them will do.
      await rename(temporary, path);
      return;
    } catch (error) {
      cause = error;
      await rm(temporary, { force: true });
    }
  }
  throw cause;
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
