// Whether this machine lets an agent that is not root have user namespaces, and mount in them.
// Kernels are built without them, and distributions, administrators and the runtimes of containers
// that an agent runs in take them away in many ways; so one is made, and used.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ANSWER_MS = 10_000;

/**
 * Why not; undefined: it does. `program` is that of the supervisor (supervisor/users.c).
 * `withProcesses`: process ids of their own are wanted as well.
 */
export async function withoutUserNamespaces(
  program: string,
  { withProcesses }: { readonly withProcesses: boolean },
): Promise<string | undefined> {
  const words = ['try-users', ...(withProcesses ? ['with-processes'] : [])];
  try {
    await run(program, words, { timeout: ANSWER_MS, killSignal: 9 });
    return undefined;
  } catch (error) {
    const { stdout = '', message } = error as Error & { readonly stdout?: string };
    return stdout.trim() || message;
  }
}
