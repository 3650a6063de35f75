// The master under load: one that the bench starts, or one that listens already.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Stretch, stretches, watched } from '../loop/stretches.ts';
import { ServerProcess } from '../server-process.ts';
import { healthMs } from './health-probe.ts';
import type { BenchTls } from './tls.ts';

/** Clock ticks a second in /proc/PID/stat: 100 on every Linux that Node runs on. */
const TICKS = 100;

export interface Usage {
  readonly cpuSeconds: number;
  readonly rssMb: number;
}

/**
 * CPU time and memory of a process, from /proc; undefined where /proc does not have it (other
 * systems, a remote master).
 */
export function usageOf(pid: number | undefined): Usage | undefined {
  if (pid === undefined) {
    return undefined;
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const rss = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
    return {
      cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS,
      rssMb: Number(rss ?? 0) / 1024,
    };
  } catch {
    return undefined;
  }
}

export class MasterProcess {
  readonly #port: number;
  readonly #flags: readonly string[];
  readonly #workDir = mkdtempSync(join(tmpdir(), 'mesoscale-bench-'));
  readonly #process = new ServerProcess();
  readonly #tls: BenchTls | undefined;
  readonly #isWatched: boolean;

  /** Where it is watched, `busySince` tells of its loop. */
  constructor(
    port: number,
    flags: readonly string[],
    { tls, isWatched = false }: { tls?: BenchTls | undefined; isWatched?: boolean } = {},
  ) {
    this.#port = port;
    this.#flags = flags;
    this.#tls = tls;
    this.#isWatched = isWatched;
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  get #stretches(): string {
    return join(this.#workDir, 'stretches');
  }

  /** When its loop was busy for long since then, where it is watched. */
  busySince(sinceMs: number): Stretch[] {
    return stretches(this.#stretches, sinceMs);
  }

  async start(): Promise<void> {
    this.#process.start(
      [
        'master',
        '--ip=127.0.0.1',
        `--port=${this.#port}`,
        `--work_dir=${this.#workDir}`,
        '--logging_level=ERROR',
        ...this.#flags,
      ],
      {
        ...this.#tls?.environment,
        ...(this.#isWatched ? watched(this.#stretches) : {}),
      },
    );
    const deadline = performance.now() + 30_000;
    while (performance.now() < deadline && this.#process.status === undefined) {
      if (
        (await healthMs({ host: '127.0.0.1', port: this.#port, pems: this.#tls?.pems })) !==
        undefined
      ) {
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error('the master did not start');
  }

  /** kill -9 */
  async crash(): Promise<void> {
    await this.end('SIGKILL');
  }

  /** Resolves when it has ended. */
  async end(signal: NodeJS.Signals): Promise<void> {
    await this.#process.end(signal);
  }

  async stop(): Promise<void> {
    await this.#process.end('SIGTERM');
    rmSync(this.#workDir, { recursive: true, force: true });
  }
}
