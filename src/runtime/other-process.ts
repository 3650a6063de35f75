// Whether another process has a number, which may still use the files that it has named by it.

/** In a container each start may have the same number: this process is no other. */
export function isOfAnother(pid: number): boolean {
  if (pid === process.pid || pid === 0) {
    return false;
  }
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // One of somebody else may not be asked, and is there.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
