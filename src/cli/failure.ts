// How a command ends when it cannot do what was asked: one line on standard error, status 1.

let beforeLastWords = () => {};

/** What has to be said before the line that ends a command: the log, whose lines leave together. */
export function sayBefore(action: () => void): void {
  beforeLastWords = action;
}

/** Ends the process. Every line names the command, so that it can be found in a mixed log. */
export function fail(command: string, text: string): never {
  beforeLastWords();
  process.stderr.write(`${text.replaceAll(/^/gm, `mesoscale ${command}: `)}\n`);
  process.exit(1);
}

/**
 * For errors of the world that carry an explanation for people; anything else is a bug and crashes.
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
 * Why nothing can listen there, with the flag to change. `portFlag` is what the port was set with.
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
