// Compiles the supervisor of containers into a folder, for this machine and for others that the
// machine has a compiler for. The set-up of a checkout compiles for this machine, `npm run build`
// for all.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { supervisorProgram } from '../src/containerizer/launchers/process/supervisor-program.ts';
import { SUPERVISOR, staleness } from './products.mjs';

const root = dirname(import.meta.dirname);
const SCRIPT = 'src/containerizer/launchers/process/supervisor/compile.sh';

interface CrossCompiler {
  readonly program: string;
  /** The Debian packages that it and its headers come with. */
  readonly package: string;
  readonly headers: string;
}

const CROSS_COMPILERS: Readonly<Record<string, CrossCompiler>> = {
  arm64: {
    program: 'aarch64-linux-gnu-gcc',
    package: 'gcc-aarch64-linux-gnu',
    headers: 'libc6-dev-arm64-cross',
  },
  x64: {
    program: 'x86_64-linux-gnu-gcc',
    package: 'gcc-x86-64-linux-gnu',
    headers: 'libc6-dev-amd64-cross',
  },
};

/** The Debian package without which nothing can be compiled; undefined where there are all. */
function missingPackage(compiler: CrossCompiler): string | undefined {
  const { program } = compiler;
  const { status, error } = spawnSync(program, ['-E', '-x', 'c', '-'], {
    input: '#include <sys/types.h>',
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  return error !== undefined ? compiler.package : status === 0 ? undefined : compiler.headers;
}

/** Compiles the program. Returns why that failed; undefined where it did not. */
export function compileSupervisor(folder: string, architecture: string): string | undefined {
  const cross = architecture === process.arch ? undefined : CROSS_COMPILERS[architecture];
  const missing = cross === undefined ? undefined : missingPackage(cross);
  if (missing !== undefined) {
    return (
      `Without the supervisor of containers for ${architecture}: the Debian package ${missing} ` +
      'is missing'
    );
  }
  const compiler = cross?.program ?? process.env.CC ?? 'cc';
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
