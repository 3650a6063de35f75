// Finds and compiles the scheduler core's Wasm module; src/core makes the instances. Modules of
// Node are imported only when needed, since programs in a browser load this file, too.

const FILE = 'mesoscale-core.wasm';

/** There is no module at the expected place. */
export class CoreNotFoundError extends Error {
  readonly code = 'MESOSCALE_CORE_NOT_FOUND';
}

/**
 * The source of the module: the path of a file, its bytes, a response with the bytes, or the
 * compiled module.
 */
export type CoreSource = string | BufferSource | Response | WebAssembly.Module;

/**
 * Beside the package in a checkout (build/), beside the compiled commands in a published package.
 */
const CANDIDATES = [`../../build/${FILE}`, `../../${FILE}`, `../${FILE}`, `./${FILE}`];

/**
 * Compiles the module. A response is compiled while it arrives, if the runtime can and the type is
 * `application/wasm`. The default source is the file in the package.
 *
 * Throws CoreNotFoundError where there is no such file, or the response is an error;
 * WebAssembly.CompileError where the bytes are no module.
 */
export async function loadCore(
  source?: CoreSource | PromiseLike<CoreSource>,
): Promise<WebAssembly.Module> {
  const from = await source;
  if (from === undefined) {
    return fromFiles(
      CANDIDATES.map((candidate) => new URL(candidate, import.meta.url)),
      'The scheduler core is not built (npm run build makes it)',
    );
  }
  if (typeof from === 'string') {
    return fromFiles([from], 'There is no scheduler core');
  }
  if (from instanceof WebAssembly.Module) {
    return from;
  }
  return from instanceof Response ? fromResponse(from) : WebAssembly.compile(from);
}

async function fromFiles(
  places: readonly (string | URL)[],
  trouble: string,
): Promise<WebAssembly.Module> {
  const { readFile } = await import('node:fs/promises');
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
  const names = places.map((place) =>
    typeof place === 'string' ? place : decodeURIComponent(place.pathname),
  );
  throw new CoreNotFoundError(`${trouble}: ${names.join(', ')} not found`);
}

async function fromResponse(response: Response): Promise<WebAssembly.Module> {
  if (!response.ok) {
    throw new CoreNotFoundError(
      `The scheduler core is not at ${response.url || 'the address'}: ${response.status} ${response.statusText}`,
    );
  }
  // The streaming compiler refuses any other type, even with parameters, whatever the bytes are.
  return response.headers.get('content-type')?.toLowerCase() === 'application/wasm'
    ? WebAssembly.compileStreaming(response)
    : WebAssembly.compile(await response.arrayBuffer());
}
