// Colours and widths, if standard output is a terminal.

const isPlain =
  !process.stdout.isTTY || process.env.NO_COLOR !== undefined || process.env.TERM === 'dumb';

const painted = (code: number) => (text: string) =>
  isPlain ? text : `\u001b[${code}m${text}\u001b[0m`;

/** The width of help: the terminal's, or COLUMNS where output is no terminal, or 100. */
export const helpColumns = (): number =>
  process.stdout.columns || Number(process.env.COLUMNS) || 100;

export const emphasis = painted(1);
export const faint = painted(2);
export const bad = painted(31);
export const good = painted(32);
