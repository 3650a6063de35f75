// Compiles asm/ to build/mesoscale-core.wasm. Does nothing when the module is newer than its sources.
import { mkdirSync, readdirSync, renameSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const output = join(root, 'build', 'mesoscale-core.wasm');

function modified(path: string): number {
  try {
    return statSync(path).mtimeMs;
  } catch {
    return 0;
  }
}

function newestSource(folder: string): number {
  let newest = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) newest = Math.max(newest, newestSource(path));
    else if (entry.name.endsWith('.ts')) newest = Math.max(newest, modified(path));
  }
  return newest;
}

/** Builds the module if it is out of date and answers where it is. */
export async function buildCore(options: { readonly force?: boolean } = {}): Promise<string> {
  const newest = Math.max(
    newestSource(join(root, 'asm')),
    modified(fileURLToPath(import.meta.url)),
  );
  if (!options.force && modified(output) > newest) return output;
  mkdirSync(dirname(output), { recursive: true });
  // Written beside and moved, so that a reader never sees half a module.
  const temporary = `${output}.${process.pid}`;
  const result = await asc.main([
    join(root, 'asm', 'index.ts'),
    '--outFile',
    temporary,
    '--runtime',
    'stub',
    '--use',
    'abort=',
    '-O3',
    '--converge',
    '--enable',
    'simd',
  ]);
  if (result.error) {
    throw new Error(`The scheduler core did not compile:\n${result.stderr.toString()}`, {
      cause: result.error,
    });
  }
  renameSync(temporary, output);
  return output;
}

if (import.meta.filename === process.argv[1]) await buildCore({ force: true });
