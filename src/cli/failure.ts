// How a command ends when it cannot do what was asked: one line on standard error, status 1.

/** Ends the process. The line names the command, so that it can be found in a mixed log. */
export function fail(command: string, text: string): never {
  process.stderr.write(`mesoscale ${command}: ${text}\n`);
  process.exit(1);
}

/** For errors of the world that carry an explanation for people; anything else is a bug and crashes. */
export function explained(error: unknown): string | undefined {
  if (!(error instanceof Error)) {
    return undefined;
  }
  const { code, syscall } = error as NodeJS.ErrnoException;
  const { address, port } = error as { address?: string; port?: number };
  if (code === 'EADDRINUSE') {
    return `port ${port} on ${address} is taken: another program listens there`;
  }
  if (code === 'EADDRNOTAVAIL') {
    return `${address} is no address of this machine`;
  }
  if (code === 'EACCES' && syscall === 'listen') {
    return `port ${port} needs more rights than this user has`;
  }
  const isOurs = code?.startsWith('MESOSCALE_') ?? false;
  return isOurs || syscall !== undefined ? error.message : undefined;
}
