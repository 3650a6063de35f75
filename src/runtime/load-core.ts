// Finds and compiles the scheduler core's Wasm module. Instances are made by src/core.
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FILE = 'mesoscale-core.wasm';

export class CoreNotFoundError extends Error {
  readonly code = 'MESOSCALE_CORE_NOT_FOUND';
}

/** Beside the package in a checkout (build/), beside the compiled commands in a published one. */
const CANDIDATES = [`../../build/${FILE}`, `../../${FILE}`, `../${FILE}`, `./${FILE}`];

/** Reads and compiles the module; throws CoreNotFoundError where it has not been built. */
export async function loadCore(path?: string): Promise<WebAssembly.Module> {
  const here = dirname(fileURLToPath(import.meta.url));
  const places = path ? [path] : CANDIDATES.map((candidate) => join(here, candidate));
  for (const place of places) {
    let bytes: Uint8Array<ArrayBuffer>;
    try {
      bytes = new Uint8Array(await readFile(place));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
        continue;
      }
      throw error;
    }
    return WebAssembly.compile(bytes);
  }
  throw new CoreNotFoundError(`The scheduler core is not built: ${places.join(', ')} not found`);
}
