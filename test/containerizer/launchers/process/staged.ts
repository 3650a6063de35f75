// The mount namespace that is staged for a runtime, for which a shell stands in that starts a
// process there.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bootId } from '../../../../src/containerizer/host/process-table.ts';
import type { Spawner } from '../../../../src/containerizer/launchers/process/spawner.ts';
import { unsealed } from '../../../../src/containerizer/records/sealed-text.ts';

/** Closes the descriptors that a runtime hands over (container.h). */
const START = 'exec 3<&- 4>&- 5>&- 6<&- 7<&-; sh -c "$1" & echo $! > "$2"';

/** What the script prints, or why there was no process. `run` is a folder for its records. */
export async function printedOnStage(
  script: string,
  stage: readonly string[],
  {
    spawner,
    run,
    directory,
  }: { readonly spawner: Spawner; readonly run: string; readonly directory: string },
): Promise<string> {
  const pidFile = join(run, 'pid');
  const ended = Promise.withResolvers<unknown>();
  const token = spawner.launch(
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
        arguments: ['/bin/sh', '-c', START, 'sh', script, pidFile],
        pidFile,
        logFile: join(run, 'log'),
      },
      environment: {},
      program: '',
      arguments: [],
    },
    { started: () => {}, ended: ended.resolve, failed: ended.reject },
  );
  spawner.release(token);
  await ended.promise;
  const failure = join(run, 'failure');
  const why = unsealed(existsSync(failure) ? readFileSync(failure) : undefined);
  return why.kind === 'whole' ? why.text : readFileSync(join(run, 'stdout'), 'utf8');
}
