// What a program has written, on a person's terminal: its text and its colours, and nothing else
// that a terminal obeys, as moving in the screen, setting the clipboard or answering questions.

const ESCAPE = '\u001b';
/** After an escape: colours and bold face. */
const LOOK = /^\[[\d;:]*m/;
const UNFINISHED_LOOK = /^(?:\[[\d;:]{0,64})?$/;
/** Line feeds, tabs and returns are for text; of the rest a terminal makes something else. */
const OBEYED = /[^\P{Cc}\n\t\r]/gu;

/** Takes bytes as they come, in any pieces. */
export class TerminalText {
  readonly #decoder = new TextDecoder('utf-8');
  /** The begin of what may be a colour. */
  #held = '';

  take(bytes: Uint8Array): string {
    const text = this.#held + this.#decoder.decode(bytes, { stream: true });
    const last = text.lastIndexOf(ESCAPE);
    const isUnfinished = last >= 0 && UNFINISHED_LOOK.test(text.slice(last + 1));
    this.#held = isUnfinished ? text.slice(last) : '';
    return shown(isUnfinished ? text.slice(0, last) : text);
  }
}

function shown(text: string): string {
  const [first = '', ...parts] = text.split(ESCAPE);
  const rest = parts.map((part) => {
    const [look] = LOOK.exec(part) ?? [];
    return look === undefined
      ? `?${plain(part)}`
      : `${ESCAPE}${look}${plain(part.slice(look.length))}`;
  });
  return plain(first) + rest.join('');
}

const plain = (text: string): string => text.replaceAll(OBEYED, '?');
