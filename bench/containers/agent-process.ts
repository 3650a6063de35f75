// The agent whose containers are measured, with a work directory of its own.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { healthMs } from '../e2e/health-probe.ts';
import { type Stretch, stretches, watched } from '../loop/stretches.ts';
import { ServerProcess } from '../server-process.ts';

const LOOK_MS = 10;
const ENOUGH = 'cpus:100000;mem:100000000;disk:100000000';

export interface AgentOptions {
  readonly master: string;
  readonly port: number;
  readonly flags: readonly string[];
  /** Besides CPUs, memory and disk, of which there is enough. */
  readonly resources?: string | undefined;
}

export class AgentProcess {
  /** Holds all that the agent and its containers keep on disk. */
  readonly folder = mkdtempSync(join(tmpdir(), 'mesoscale-bench-agent-'));
  readonly #options: AgentOptions;
  readonly #process = new ServerProcess();

  constructor(options: AgentOptions) {
    this.#options = options;
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  get #stretches(): string {
    return join(this.folder, 'stretches');
  }

  /**
   * Resolves when the master has it as an active agent, with when it had answered for the first
   * time, as Date.now has it.
   */
  async start(): Promise<number> {
    const { master, port, flags, resources } = this.#options;
    this.#process.start(
      [
        'agent',
        '--ip=127.0.0.1',
        `--port=${port}`,
        `--master=${master}`,
        `--work_dir=${join(this.folder, 'work')}`,
        `--runtime_dir=${join(this.folder, 'run')}`,
        `--resources=${resources === undefined ? ENOUGH : `${ENOUGH};${resources}`}`,
        '--registration_backoff_factor=10ms',
        '--no-switch_user',
        '--logging_level=ERROR',
        ...flags,
      ],
      watched(this.#stretches),
    );
    const sinceMs = Date.now();
    const [answeredMs] = await Promise.all([
      this.#until(async () => (await healthMs({ host: '127.0.0.1', port })) !== undefined),
      this.#until(() => hasRegistered(master, sinceMs)),
    ]);
    return answeredMs;
  }

  /** When it is. Rejects where the agent ends. */
  async #until(isSo: () => Promise<boolean>): Promise<number> {
    while (!(await isSo())) {
      const { status } = this.#process;
      if (status !== undefined) {
        throw new Error(`the agent ended with status ${status}`);
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    return Date.now();
  }

  /** When its loop was busy for long since then. */
  busySince(ms: number): Stretch[] {
    return stretches(this.#stretches, ms);
  }

  /** kill -9 */
  crash(): Promise<void> {
    return this.#process.end('SIGKILL');
  }

  async stop(): Promise<void> {
    await this.#process.end('SIGUSR1');
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

interface ListedAgent {
  readonly active: boolean;
  readonly registered_time: number;
  readonly reregistered_time?: number;
}

async function hasRegistered(master: string, sinceMs: number): Promise<boolean> {
  const response = await fetch(`http://${master}/slaves`);
  // A master that was just started is still reading its registry.
  if (!response.ok) {
    await response.body?.cancel();
    return false;
  }
  const { slaves } = (await response.json()) as { slaves: readonly ListedAgent[] };
  return slaves.some(
    ({ active, registered_time, reregistered_time = registered_time }) =>
      active && reregistered_time * 1000 >= sinceMs,
  );
}
