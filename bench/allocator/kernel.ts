// The kernel of an allocation cycle in plain C, compiled with the machine's compiler and run beside
// the core.
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const SOURCE = fileURLToPath(new URL('../kernel/stripped.c', import.meta.url));
const BUILD = fileURLToPath(new URL('../../build', import.meta.url));
const PROGRAM = `${BUILD}/kernel-stripped`;

/** The program's path, or undefined where there is no compiler. */
export function compileKernel(): string | undefined {
  mkdirSync(BUILD, { recursive: true });
  const flags = ['-O3', '-std=c11', '-o', PROGRAM, SOURCE];
  const { status, error, stderr } = spawnSync(process.env.CC ?? 'cc', flags, { encoding: 'utf8' });
  if (error !== undefined) {
    return undefined;
  }
  if (status !== 0) {
    throw new Error(`the C kernel does not compile: ${stderr}`);
  }
  return PROGRAM;
}

export interface KernelTask {
  readonly agents: number;
  readonly frameworks: number;
  readonly runs: number;
  /** Whether each cycle shuffles the agents. */
  readonly shuffled: boolean;
}

/** The milliseconds of each full cycle. */
export function runKernel(
  program: string,
  { agents, frameworks, runs, shuffled }: KernelTask,
): number[] {
  const args = [...[agents, frameworks, runs].map(String), ...(shuffled ? ['shuffled'] : [])];
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) {
    throw new Error(`the C kernel failed: ${stderr}`);
  }
  return stdout.trim().split('\n').map(Number);
}
