// Finds the program that supervises containers. It is compiled when a package is built or a
// checkout is set up (supervisor/compile.sh), and never by an agent.
import { createHash } from 'node:crypto';
import { access, constants, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ContainerizerError } from '../../containerizer-error.ts';

const folderOfSources = fileURLToPath(new URL('./supervisor', import.meta.url));

/**
 * The path of the program, in the first folder that has it. Its name contains the hash of its
 * sources. Throws ContainerizerError where no folder has it.
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
  const names = await readdir(folderOfSources);
  for (const name of names.filter((each) => /\.[ch]$/.test(each)).sort()) {
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
