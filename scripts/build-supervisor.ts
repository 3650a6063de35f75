// Compiles the supervisor of containers into a folder, for this machine and for others that the
// machine has a compiler for. The set-up of a checkout compiles for this machine, `npm run build`
// for all.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { supervisorProgram } from '../src/containerizer/launchers/process/supervisor-program.ts';
import { SUPERVISOR, staleness } from './products.mjs';

const root = dirname(import.meta.dirname);
const SCRIPT = 'src/containerizer/launchers/process/supervisor/compile.sh';

/** The names of Debian's cross compilers, by architecture. */
const CROSS_COMPILERS: Readonly<Record<string, string>> = {
  arm64: 'aarch64-linux-gnu-gcc',
  x64: 'x86_64-linux-gnu-gcc',
};

/** Compiles the program. Returns why that failed; undefined where it did not. */
export function compileSupervisor(folder: string, architecture: string): string | undefined {
  const isOwn = architecture === process.arch;
  const compiler = isOwn ? (process.env.CC ?? 'cc') : CROSS_COMPILERS[architecture];
  const { status, error, stderr } = spawnSync('sh', [SCRIPT, folder, architecture], {
    cwd: root,
    env: { ...process.env, CC: compiler },
    encoding: 'utf8',
  });
  return status === 0
    ? undefined
    : `Without the supervisor of containers for ${architecture}: ` +
        (error?.message ?? (stderr.trim() || `${compiler} failed`));
}

export const ARCHITECTURES: readonly string[] = [
  ...new Set([process.arch, ...Object.keys(CROSS_COMPILERS)]),
];

if (import.meta.main) {
  const folder = join(root, 'build');
  const made = staleness(SUPERVISOR);
  const isThere = await supervisorProgram([folder]).then(
    () => true,
    () => false,
  );
  const failure = isThere ? undefined : compileSupervisor(folder, process.arch);
  if (failure === undefined) {
    made?.();
  } else {
    // Masters and tools for developers do not need it.
    console.warn(`${failure}\nAgents will not start until it is there`);
  }
}
