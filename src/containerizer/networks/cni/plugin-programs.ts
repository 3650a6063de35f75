// Where the programs of plugins are.
import { access, constants, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** `folders`: separated by colons, as plugins have it, too. Resolves to undefined: in none. */
export async function pluginPath(folders: string, type: string): Promise<string | undefined> {
  for (const folder of folders.split(':').filter(Boolean)) {
    const path = join(folder, type);
    if (await isProgram(path)) {
      return path;
    }
  }
  return undefined;
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
