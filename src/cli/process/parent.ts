// What a program of a local cluster owes to the one that started it: it ends with it, however that
// ended, and takes its pid file along. Loaded with the program, so that an end is noticed that
// comes before anything runs.
import { existsSync, readFileSync, rmSync } from 'node:fs';

/** In the environment: the pid file that the starter has written for this program. */
export const PID_FILE_VARIABLE = 'MESOSCALE_PID_FILE';

const { [PID_FILE_VARIABLE]: pidFile } = process.env;
delete process.env[PID_FILE_VARIABLE];

/** The channel to the starter closes even when that was killed. */
const wasStarted = process.connected === true;

/** Calls `stop` when the program that started this one has ended, if it was one of ours. */
export function endWithParent(stop: () => void): void {
  if (!wasStarted) {
    return;
  }
  const ended = () => {
    if (pidFile !== undefined) {
      removePidFile(pidFile, process.pid);
    }
    stop();
  };
  if (process.connected) {
    process.channel?.unref();
    process.once('disconnect', ended);
  } else {
    ended();
  }
}

/** Another program's pid file, of a later start, is left alone. */
export function removePidFile(file: string, pid: number | undefined): void {
  if (existsSync(file) && readFileSync(file, 'utf8').trim() === String(pid)) {
    rmSync(file, { force: true });
  }
}
