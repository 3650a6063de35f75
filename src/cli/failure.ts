// How a command ends that failed: with one line on standard error, and status 1.

let beforeLastWords = () => {};

/** Registers what must be printed before that line: the log, whose lines are gathered. */
export function sayBefore(action: () => void): void {
  beforeLastWords = action;
}

/** Ends the process. The line names the command, so that it can be found in a mixed log. */
export function fail(command: string, text: string): never {
  beforeLastWords();
  process.stderr.write(`${text.replaceAll(/^/gm, `mesoscale ${command}: `)}\n`);
  process.exit(1);
}

/**
 * The text of an error of the world, which is meant for people. Any other error is a bug:
 * undefined, and the process crashes.
 */
export function explained(error: unknown): string | undefined {
  if (!(error instanceof Error)) {
    return undefined;
  }
  const { code, syscall } = error as NodeJS.ErrnoException;
  const isOurs = code?.startsWith('MESOSCALE_') ?? false;
  return isOurs ? error.message : (listenError(error) ?? (syscall ? error.message : undefined));
}

/**
 * Why the port cannot be opened, with the flag to change; `portFlag` is the flag that set the port.
 */
export function listenError(error: Error, portFlag = 'port'): string | undefined {
  const { code, syscall } = error as NodeJS.ErrnoException;
  const { address, port } = error as { address?: string; port?: number };
  if (syscall !== 'listen' && syscall !== 'bind') {
    return undefined;
  }
  switch (code) {
    case 'EADDRINUSE':
      return `--${portFlag} expects a free port, got ${port}: another program listens on ${address}:${port}`;
    case 'EADDRNOTAVAIL':
      return `--ip expects an address of this machine, got '${address}'`;
    case 'EACCES':
      return `--${portFlag} expects a port that this user may listen on, got ${port}`;
    default:
      return `cannot listen on ${address}:${port} (${code})`;
  }
}
