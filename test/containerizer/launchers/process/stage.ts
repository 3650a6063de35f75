// The mount namespace that is staged for a runtime, for which a shell stands in that starts a
// process there.
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bootId } from '../../../../src/containerizer/host/process-table.ts';
import { Spawner } from '../../../../src/containerizer/launchers/process/spawner.ts';
import { supervisorProgram } from '../../../../src/containerizer/launchers/process/supervisor-program.ts';
import { unsealed } from '../../../../src/containerizer/records/sealed-text.ts';
import { programs, temporaryFolder } from '../../../agent-driver/harness.ts';

/** Closes the descriptors that a runtime hands over (container.h). */
export const CLOSED = 'exec 3<&- 4>&- 5>&- 6<&- 7<&-';
/**
 * The process tells its pid itself: a shell that goes on may wait for it, and then nobody else
 * learns of its end.
 */
const PROCESS = `echo $$ > "$2"; ${CLOSED}; exec sh -c "$1"`;
/** A runtime that starts $1, and writes its pid into $2. */
export const START = `sh -c '${PROCESS}' sh "$1" "$2" &`;

export class Stage {
  readonly program: string;
  readonly #folder = temporaryFolder();
  readonly #spawner: Spawner;
  #runs = 0;

  private constructor(program: string) {
    this.program = program;
    this.#spawner = new Spawner(program, (text) => {
      throw new Error(text);
    });
  }

  static async open(): Promise<Stage> {
    return new Stage(await supervisorProgram(programs));
  }

  /** Where a file or folder of the test is. */
  path(...names: string[]): string {
    return join(this.#folder.path, ...names);
  }

  /** A folder there, which may have been made before. */
  made(...names: string[]): string {
    const path = this.path(...names);
    mkdirSync(path, { recursive: true });
    return path;
  }

  /**
   * What the script prints in a folder, or why there was no process. The runtime `start` starts $1,
   * and writes its pid into $2.
   */
  async printed(
    script: string,
    stage: readonly string[],
    directory: string,
    start = START,
  ): Promise<string> {
    const run = this.made(`run-${++this.#runs}`);
    const pidFile = join(run, 'pid');
    const ended = Promise.withResolvers<unknown>();
    const token = this.#spawner.launch(
      {
        mode: 'supervised',
        run,
        bootId: bootId(),
        directory,
        stdout: join(run, 'stdout'),
        stderr: join(run, 'stdout'),
        cgroups: { own: [], joined: [] },
        settings: [],
        runtime: {
          stage,
          arguments: ['/bin/sh', '-c', start, 'sh', script, pidFile],
          pidFile,
          logFile: join(run, 'log'),
        },
        environment: {},
        program: '',
        arguments: [],
      },
      { started: () => {}, ended: ended.resolve, failed: ended.reject },
    );
    this.#spawner.release(token);
    await ended.promise;
    const failure = join(run, 'failure');
    const why = unsealed(existsSync(failure) ? readFileSync(failure) : undefined);
    return why.kind === 'whole' ? why.text : readFileSync(join(run, 'stdout'), 'utf8');
  }

  async close(): Promise<void> {
    await this.#spawner.close();
    this.#folder[Symbol.dispose]();
  }
}
