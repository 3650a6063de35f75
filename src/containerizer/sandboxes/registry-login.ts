// The login at registries that a task's files bring into its sandbox: where the program docker
// looks for it in the home of who pulls an image.
import { Folder, orNoEntry } from '../../filesystem/folder.ts';
import { containerizerErrorOf } from '../containerizer-error.ts';

/** In the order in which they are looked for. */
const PLACES = [
  { folders: ['.docker'], name: 'config.json' },
  { folders: [], name: '.dockercfg' },
];
const MOST_BYTES = 2 ** 20;

/** `sandbox`: an absolute path. Undefined where there is none. Rejects with ContainerizerError. */
export async function loginIn(sandbox: string): Promise<Uint8Array | undefined> {
  for (const place of PLACES) {
    try {
      const found = await read(sandbox, place).catch(orNoEntry);
      if (found !== undefined) {
        return found;
      }
    } catch (error) {
      const path = [...place.folders, place.name].join('/');
      throw containerizerErrorOf(
        error,
        `The login at registries in '${path}' of the sandbox cannot be read`,
      );
    }
  }
  return undefined;
}

async function read(sandbox: string, { folders, name }: (typeof PLACES)[number]): Promise<Buffer> {
  await using folder = await Folder.openBelow(sandbox, folders);
  await using file = await folder.file(name);
  const { size } = await file.stat();
  if (size > MOST_BYTES) {
    throw new Error(`it has ${size} bytes, of at most ${MOST_BYTES}`);
  }
  return file.readFile();
}
