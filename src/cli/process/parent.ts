// Ties a program of a local cluster to the program that started it: it ends when that ends, however
// it ends, and removes its pid file. Loaded first, so that an end is noticed that comes before
// anything else runs.
import { existsSync, readFileSync, rmSync } from 'node:fs';

/** The environment variable with the pid file that the starter has written for this program. */
export const PID_FILE_VARIABLE = 'MESOSCALE_PID_FILE';

const { [PID_FILE_VARIABLE]: pidFile } = process.env;
delete process.env[PID_FILE_VARIABLE];

/** The channel to the starter closes even if the starter was killed. */
const wasStarted = process.connected === true;

/** Calls `stop` when the starter has ended, if there was one. */
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

/** The pid file of a program that was started later is left alone. */
export function removePidFile(file: string, pid: number | undefined): void {
  if (existsSync(file) && readFileSync(file, 'utf8').trim() === String(pid)) {
    rmSync(file, { force: true });
  }
}
