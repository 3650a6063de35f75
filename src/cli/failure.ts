// How a command ends that failed: with one line on standard error, and a status.

/** Longer lines are cut: they quote what may be a file of any size. */
const MOST_LINE_CHARACTERS = 2_000;
/** Further lines are only counted. */
const MOST_LINES = 100;
/** What a terminal would obey, or not show, or show in another order. */
const UNPRINTABLE = /\p{C}/gu;

let beforeLastWords = () => {};

/** Registers what must be printed before that line: the log, whose lines are gathered. */
export function sayBefore(action: () => void): void {
  beforeLastWords = action;
}

/** Ends the process. */
export function fail(command: string, text: string, status = 1): never {
  beforeLastWords();
  process.stderr.write(lastWords(command, text));
  process.exit(status);
}

/**
 * The lines of an error. Each names the command, so that it can be found in a mixed log, and is
 * bounded and escaped: it may quote what a file or an argument holds.
 */
export function lastWords(command: string, text: string): string {
  const lines = text.split('\n');
  const shown = lines.slice(0, MOST_LINES).map(shownLine);
  if (lines.length > MOST_LINES) {
    shown.push(`and ${lines.length - MOST_LINES} more lines`);
  }
  return shown.map((line) => `mesoscale ${command}: ${line}\n`).join('');
}

function shownLine(line: string): string {
  const isLong = line.length > MOST_LINE_CHARACTERS;
  const kept = isLong ? `${line.slice(0, MOST_LINE_CHARACTERS)}… (cut)` : line;
  return kept.replaceAll(
    UNPRINTABLE,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
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
