// A supervisor with a process whose input and output go through it.
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { processStat } from '../../../src/containerizer/host/process-table.ts';
import { Spawner } from '../../../src/containerizer/launchers/process/spawner.ts';
import { supervisorProgram } from '../../../src/containerizer/launchers/process/supervisor-program.ts';
import { NO_CGROUPS } from '../../../src/containerizer/plan/cgroup-plan.ts';
import { programs, temporaryFolder } from '../../agent-driver/harness.ts';
import { gone } from '../../agent-driver/outside.ts';

export const TERMINAL = ['terminal 30 100', 'serve'];
export const PIPES = ['pipes', 'serve'];

export class Supervised {
  readonly #folder = temporaryFolder();
  /** The folder of records; its path is longer than the address of a socket can be. */
  readonly run = join(this.#folder.path, 'r'.repeat(100), 'run');
  readonly spawner: Spawner;
  #pid = 0;

  private constructor(spawner: Spawner) {
    this.spawner = spawner;
    mkdirSync(this.run, { recursive: true });
  }

  static async open(): Promise<Supervised> {
    return new Supervised(new Spawner(await supervisorProgram(programs), () => undefined));
  }

  /** Starts a held process. */
  async launch(script: string, io: readonly string[]) {
    const started = Promise.withResolvers<number>();
    const ended = Promise.withResolvers<void>();
    const token = this.spawner.launch(
      {
        mode: 'supervised',
        run: this.run,
        bootId: 'boot',
        directory: this.#folder.path,
        stdout: this.path('stdout'),
        stderr: this.path('stderr'),
        cgroups: NO_CGROUPS,
        settings: [],
        io,
        environment: { PATH: process.env.PATH ?? '' },
        program: '/bin/sh',
        arguments: ['sh', '-c', script],
      },
      {
        started: (pid) => started.resolve(pid),
        ended: () => ended.resolve(),
        failed: (error) => started.reject(error),
      },
    );
    this.#pid = await started.promise;
    return { release: () => this.spawner.release(token), ended: ended.promise };
  }

  /** Of a file in the process's working directory. */
  path(name: string): string {
    return join(this.#folder.path, name);
  }

  file(name: string): string {
    return readFileSync(this.path(name), 'utf8');
  }

  /** The raw wait status of the process. */
  get status(): number {
    return Number(/^wait (\d+)/.exec(readFileSync(join(this.run, 'status'), 'latin1'))?.[1]);
  }

  async close(): Promise<void> {
    // One that is still held ends with the spawner.
    await this.spawner.close();
    if (this.#pid > 0 && processStat(this.#pid) !== undefined) {
      process.kill(this.#pid, 'SIGUSR1');
      await gone(this.#pid);
    }
    this.#folder[Symbol.dispose]();
  }
}
