// Finds the program that supervises containers. It is compiled when a package is built, or a
// checkout set up (supervisor/compile.sh), and never by an agent.
import { createHash } from 'node:crypto';
import { access, constants, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ContainerizerError } from '../../containerizer-error.ts';

const folderOfSources = fileURLToPath(new URL('./supervisor', import.meta.url));
/** In the order in which compile.sh hashes them. */
const SOURCES = [
  ...['container.h', 'spawner.c', 'supervisor.c', 'process.c', 'records.c'],
  ...['descendants.c', 'cgroup.c'],
];

/**
 * The path of the program, in the first of the folders that has it. Its name carries the hash of
 * its sources. Throws ContainerizerError where none has it.
 */
export async function supervisorProgram(folders: readonly string[]): Promise<string> {
  const name = `supervisor-${process.arch}-${await hashOfSources()}`;
  for (const folder of folders) {
    const path = join(folder, name);
    if (await isExecutable(path)) {
      return path;
    }
  }
  const compile = join(folderOfSources, 'compile.sh');
  throw new ContainerizerError(
    `There is no supervisor of containers for this machine (${name}, in ${folders.join(' or ')}). ` +
      `Where there is a C compiler, make it with: sh ${compile} ${folders[0] ?? '.'} ${process.arch} ` +
      '(Debian and Ubuntu: gcc and libc6-dev; Fedora: gcc and glibc-static; Alpine: gcc and ' +
      'musl-dev); or copy the file from a machine that has it',
  );
}

async function hashOfSources(): Promise<string> {
  const hash = createHash('sha256');
  for (const name of SOURCES) {
    hash.update(await readFile(join(folderOfSources, name)));
  }
  return hash.digest('hex').slice(0, 16);
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
