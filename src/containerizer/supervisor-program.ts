// Finds the supervisor program, or compiles it from its one source file at the first start.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, constants, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ContainerizerError } from './containerizer-error.ts';

const run = promisify(execFile);
const source = fileURLToPath(new URL('./supervisor/supervisor.c', import.meta.url));

// A static program starts faster and takes less memory; not every machine has a static libc.
const linking = [['-static'], []];

/**
 * The path of the program in the first of the folders that has it or in which it can be made. Its
 * name carries the hash of the source: running supervisors of another version keep their file.
 */
export async function supervisorProgram(folders: readonly string[]): Promise<string> {
  const hash = createHash('sha256')
    .update(await readFile(source))
    .digest('hex')
    .slice(0, 16);
  const paths = folders.map((folder) => join(folder, `supervisor-${process.arch}-${hash}`));
  for (const path of paths) {
    if (await isExecutable(path)) {
      return path;
    }
  }
  const causes: unknown[] = [];
  for (const [index, path] of paths.entries()) {
    try {
      await mkdir(folders[index] ?? '.', { recursive: true });
      await compile(path);
      return path;
    } catch (error) {
      causes.push(error);
    }
  }
  throw new ContainerizerError(
    `Failed to compile the supervisor (${source}) into ${folders.join(' or ')}: ${String(causes[0])}`,
    { cause: causes[0] },
  );
}

async function compile(path: string): Promise<void> {
  const temporary = `${path}.${process.pid}.${Date.now()}`;
  let cause: unknown;
  for (const flags of linking) {
    try {
      await run('cc', ['-std=gnu11', '-Os', '-s', ...flags, '-o', temporary, source]);
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
