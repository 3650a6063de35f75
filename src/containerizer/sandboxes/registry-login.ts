// The login at registries that a task's files bring into its sandbox: where the program docker
// looks for it in the home of who pulls an image.
import { Folder, orNoEntry } from '../../filesystem/folder.ts';
import { ContainerizerError } from '../containerizer-error.ts';

/** In the order in which they are looked for. */
const PLACES: readonly (readonly [...string[], string])[] = [
  ['.docker', 'config.json'],
  ['.dockercfg'],
];
const MOST_BYTES = 2 ** 20;

/** `sandbox`: an absolute path. Undefined where there is none. Rejects with ContainerizerError. */
export async function loginIn(sandbox: string): Promise<Uint8Array | undefined> {
  for (const place of PLACES) {
    try {
      const found = await read(sandbox, place.slice(0, -1), place.at(-1) ?? '').catch(orNoEntry);
      if (found !== undefined) {
        return found;
      }
    } catch (error) {
      throw new ContainerizerError(
        `The login at registries in '${place.join('/')}' of the sandbox cannot be read: ${String(error)}`,
        { cause: error },
      );
    }
  }
  return undefined;
}

async function read(sandbox: string, folders: readonly string[], name: string): Promise<Buffer> {
  await using folder = await Folder.openBelow(sandbox, folders);
  await using file = await folder.file(name);
  const { size } = await file.stat();
  if (size > MOST_BYTES) {
    throw new Error(`it has ${size} bytes, of at most ${MOST_BYTES}`);
  }
  return file.readFile();
}
