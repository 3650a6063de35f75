// `npm run build`: makes dist/ for publication, with the commands, the library and its types, the
// page, and the module.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { supervisorProgram } from '../src/containerizer/launchers/process/supervisor-program.ts';
import { buildCore } from './build-core.ts';
import { ARCHITECTURES, compileSupervisor } from './build-supervisor.ts';

const root = dirname(import.meta.dirname);
const dist = join(root, 'dist');
/** The compiler's output folder. */
const compiled = join(root, 'build', 'package');

rmSync(dist, { recursive: true, force: true });
rmSync(compiled, { recursive: true, force: true });
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
});
if (status !== 0) {
  process.exit(status ?? 1);
}
await buildCore({ build: 'plain' });
// src/core/constants.ts re-exports a source of the module, which a package does not have: the
// constants themselves take its place.
cpSync(join(compiled, 'src'), dist, { recursive: true });
for (const kind of ['js', 'd.ts']) {
  cpSync(join(compiled, 'asm', `constants.${kind}`), join(dist, 'core', `constants.${kind}`));
}
rmSync(compiled, { recursive: true });
// Files that the compiler does not copy: the generated codec, which is JavaScript, the sources of
// the supervisor, which are C, and the page, which has a compiler of its own.
const VERBATIM = [
  ['src/wire/generated', 'wire/generated'],
  ['src/containerizer/launchers/process/supervisor', 'containerizer/launchers/process/supervisor'],
  ['build/webui', 'webui'],
  ['build/mesoscale-core.wasm', 'mesoscale-core.wasm'],
  ['build/mesoscale-core-plain.wasm', 'mesoscale-core-plain.wasm'],
] as const;
for (const [from, to] of VERBATIM) {
  const source = join(root, from);
  if (!existsSync(source)) {
    throw new Error(`${from} is missing`);
  }
  cpSync(source, join(dist, to), { recursive: true });
}
// So that machines with agents need no compiler. That of this machine is there since the set-up.
const own = await supervisorProgram([join(root, 'build')]).catch(() => undefined);
if (own !== undefined) {
  cpSync(own, join(dist, basename(own)));
}
const failures = new Map(
  ARCHITECTURES.flatMap((architecture) => {
    const isThere = architecture === process.arch && own !== undefined;
    const failure = isThere ? undefined : compileSupervisor(dist, architecture);
    return failure === undefined ? [] : [[architecture, failure] as const];
  }),
);
for (const failure of failures.values()) {
  const made = ARCHITECTURES.filter((architecture) => !failures.has(architecture));
  console.warn(`${failure} (the package has it for ${made.join(' and ') || 'no machine'} only)`);
}
console.log(`dist/ is ready: try it with \`npm pack\``);
