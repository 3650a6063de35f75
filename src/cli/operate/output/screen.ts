// Where output goes: a terminal, which has a width and colours, or a pipe, which gets all of it,
// plain.

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
