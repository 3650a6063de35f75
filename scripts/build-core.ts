// Compiles asm/ to build/mesoscale-core.wasm and its variants. A module that is up to date is not
// compiled again.
import { mkdirSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { coreModule, staleness } from './products.mjs';

const root = dirname(import.meta.dirname);

/**
 * `shipped`: the module that runs. `plain`: the same without vector instructions, for translators
 * that do not know them (wasm2c). `debug`: with assertions and `checkState()`, for tests; a failed
 * assertion calls `env.abort`.
 */
export type Build = 'shipped' | 'plain' | 'debug';

interface BuildSettings {
  readonly file: string;
  readonly entry: string;
  readonly flags: readonly string[];
}

const SHIPPED = ['--noAssert', '--use', 'abort='];

const SETTINGS: Readonly<Record<Build, BuildSettings>> = {
  shipped: {
    file: 'mesoscale-core.wasm',
    entry: 'index.ts',
    flags: [...SHIPPED, '--enable', 'simd', '-O3', '--converge'],
  },
  plain: {
    file: 'mesoscale-core-plain.wasm',
    entry: 'index.ts',
    // The translated module is optimized by the next compiler.
    flags: [...SHIPPED, '--disable', 'simd', '-O1'],
  },
  debug: {
    file: 'mesoscale-core-debug.wasm',
    entry: 'debug.ts',
    // Keeps the names of functions, so that the stack of a trap shows them.
    flags: ['--debug', '--enable', 'simd', '-O1'],
  },
};

export interface BuildOptions {
  readonly build?: Build;
}

/** Builds the module if it is out of date, and returns its path. */
export async function buildCore({ build = 'shipped' }: BuildOptions = {}): Promise<string> {
  const { file, entry, flags } = SETTINGS[build];
  const output = join(root, 'build', file);
  const made = staleness(coreModule(file));
  if (made === undefined) {
    return output;
  }
  mkdirSync(dirname(output), { recursive: true });
  // Written under another name and then renamed, so that a reader never sees half a module.
  const temporary = `${output}.${process.pid}`;
  // To load the compiler takes most of a second: tests of a module that is up to date do without.
  const { default: asc } = await import('assemblyscript/asc');
  const result = await asc.main([
    join(root, 'asm', entry),
    '--outFile',
    temporary,
    '--runtime',
    'stub',
    ...flags,
  ]);
  if (result.error) {
    throw new Error(`The scheduler core did not compile:\n${result.stderr.toString()}`, {
      cause: result.error,
    });
  }
  renameSync(temporary, output);
  made();
  return output;
}

// With `debug`, builds the module that tests use; otherwise they build it themselves.
if (import.meta.main) {
  await buildCore({ build: process.argv[2] === 'debug' ? 'debug' : 'shipped' });
}
