// Where output goes: a terminal, which has a width and colours, or a pipe, which gets all of it,
// plain. The one place that knows, for all commands.
import { styleText } from 'node:util';

export interface Screen {
  readonly isTerminal: boolean;
  /** Characters in a line; without end in a pipe. */
  readonly columns: number;
  /** Colours and bold face are wanted. */
  readonly isPainted: boolean;
}

/** Standard output. COLUMNS holds for a terminal that does not know its width. */
export function screenOf(
  stream: NodeJS.WriteStream,
  { NO_COLOR = '', TERM, COLUMNS }: NodeJS.ProcessEnv,
): Screen {
  const isTerminal = stream.isTTY === true;
  return {
    isTerminal,
    columns: isTerminal ? stream.columns || Number(COLUMNS) || 80 : Number.POSITIVE_INFINITY,
    isPainted: isTerminal && NO_COLOR === '' && TERM !== 'dumb',
  };
}

/** The width of help: the terminal's, or COLUMNS where output is no terminal, or 100. */
export const helpColumns = (): number =>
  process.stdout.columns || Number(process.env.COLUMNS) || 100;

/** What a text is, by which it gets its colour. */
export type Look = 'bad' | 'emphasis' | 'faint' | 'good' | 'warn';

const STYLES = {
  bad: 'red',
  emphasis: 'bold',
  faint: 'dim',
  good: 'green',
  warn: 'yellow',
} as const satisfies Readonly<Record<Look, Parameters<typeof styleText>[0]>>;

export const painted = ({ isPainted }: Screen, look: Look, text: string): string =>
  isPainted ? styleText(STYLES[look], text, { validateStream: false }) : text;
