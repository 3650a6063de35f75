// Programs that run in a process group of their own, with all that they start.

/** `pid`: of the group's first process; undefined if it was never started. */
export function killGroup(pid: number | undefined, signal: NodeJS.Signals = 'SIGKILL'): void {
  try {
    process.kill(-(pid ?? Number.NaN), signal);
  } catch {
    // It has ended, or was never started.
  }
}
