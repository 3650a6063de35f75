// Finds the program that supervises containers, or compiles it from its sources at the first start.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, constants, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ContainerizerError } from '../../containerizer-error.ts';

const run = promisify(execFile);
const sourceFolder = fileURLToPath(new URL('./supervisor', import.meta.url));
const header = join(sourceFolder, 'container.h');
const SOURCES = [
  'spawner.c',
  'supervisor.c',
  'process.c',
  'records.c',
  'descendants.c',
  'cgroup.c',
].map((name) => join(sourceFolder, name));

// A static program starts faster and takes less memory; not every machine has a static libc.
const LINKING = [['-static'], []];

/**
 * The path of the program, in the first of the folders that has it or in which it can be made. Its
 * name carries the hash of its sources: running supervisors of another version keep their file.
 * Throws ContainerizerError where it neither is nor can be made.
 */
export async function supervisorProgram(folders: readonly string[]): Promise<string> {
  const hash = await hashOf([header, ...SOURCES]);
  const name = `supervisor-${process.arch}-${hash}`;
  const paths = folders.map((folder) => join(folder, name));
  for (const path of paths) {
    if (await isExecutable(path)) {
      return path;
    }
  }
  const causes: string[] = [];
  for (const [index, path] of paths.entries()) {
    try {
      await mkdir(folders[index] ?? '.', { recursive: true });
      await compile(path);
      return path;
    } catch (error) {
      if (isMissing(error)) {
        throw new ContainerizerError(
          'The supervisor of containers is compiled at the first start, and there is no C compiler ' +
            '(cc): install one (Debian and Ubuntu: gcc and libc6-dev; Fedora: gcc; Alpine: gcc and ' +
            `musl-dev), or copy ${name} from a machine that has it to ${folders[0] ?? '.'}`,
          { cause: error },
        );
      }
      causes.push(`${folders[index]}: ${textOf(error)}`);
    }
  }
  throw new ContainerizerError(
    `The supervisor of containers could not be compiled (${causes.join('; ')})`,
  );
}

async function hashOf(paths: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const path of paths) {
    hash.update(await readFile(path));
  }
  return hash.digest('hex').slice(0, 16);
}

const COMPILER = 'cc';

const isMissing = (error: unknown) =>
  error instanceof Error &&
  'code' in error &&
  error.code === 'ENOENT' &&
  'path' in error &&
  error.path === COMPILER;

const textOf = (error: unknown) => (error instanceof Error ? error.message : String(error)).trim();

async function compile(path: string): Promise<void> {
  const temporary = `${path}.${process.pid}.${Date.now()}`;
  let cause: unknown;
  for (const flags of LINKING) {
    try {
      await run(COMPILER, ['-std=gnu11', '-Os', '-s', ...flags, '-o', temporary, ...SOURCES]);
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
