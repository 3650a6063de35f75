// Compiles asm/ to build/mesoscale-core.wasm. Does nothing when the module is newer than its sources.
import { mkdirSync, readdirSync, renameSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

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

export interface BuildOptions {
  /** Even if the module is newer than its sources. */
  readonly force?: boolean;
  /** Without vector instructions, for translators that know none (wasm2c); the answers are the same. */
  readonly plain?: boolean;
}

/** Builds the module if it is out of date and answers where it is. */
export async function buildCore({
  force = false,
  plain = false,
}: BuildOptions = {}): Promise<string> {
  const output = join(root, 'build', plain ? 'mesoscale-core-plain.wasm' : 'mesoscale-core.wasm');
  const newest = Math.max(
    newestSource(join(root, 'asm')),
    modified(fileURLToPath(import.meta.url)),
  );
  if (!force && modified(output) > newest) return output;
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
    // What is translated further is optimized there.
    ...(plain ? ['-O1'] : ['-O3', '--converge']),
    plain ? '--disable' : '--enable',
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
