// Says where a text stops being JSON, in the words of the parser that Mesos uses. It runs only on a
// text that was refused already, so valid JSON pays nothing for it.

/** Mesos refuses deeper text, too. */
const MAX_DEPTH = 200;
/** The most characters of a text that an error message shows. */
const MAX_SHOWN = 4096;
const SPACE = /[ \t\n\r]/;
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
const LITERALS: Readonly<Record<string, string>> = { n: 'null', t: 'true', f: 'false' };

/**
 * In a longer text the engine's own error gives the place: searching for it here would take too
 * long.
 */
const MAX_SCANNED = 64 * 1024;

/** Describes the error; `cause` is the engine's. */
export function describeSyntaxError(text: string, cause?: SyntaxError): string {
  if (text.length > MAX_SCANNED) {
    return describeLong(text, cause?.message ?? '');
  }
  const scan = new Scan(text);
  const complete = scan.value(0);
  if (complete && text.slice(scan.at).trim() !== '') {
    return `Parsed JSON included non-whitespace trailing characters: ${shown(text.slice(scan.at).trimEnd())}`;
  }
  return describePlace(text, scan.at);
}

function describeLong(text: string, said: string): string {
  const place = / at position (\d+)/.exec(said)?.[1];
  if (place !== undefined) {
    return describePlace(text, Number(place));
  }
  return said.includes('end of JSON') ? describePlace(text, text.length) : `syntax error: ${said}`;
}

function describePlace(text: string, at: number): string {
  let line = 1;
  for (let end = text.indexOf('\n'); end >= 0 && end < at; end = text.indexOf('\n', end + 1)) {
    line++;
  }
  const rest = text.slice(at, at + MAX_SHOWN).split('\n', 1)[0] as string;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is not shown.
  return `syntax error at line ${line} near: ${shown(rest.replace(/[\u0000-\u001f]/g, ''))}`;
}

const shown = (text: string) => text.slice(0, MAX_SHOWN);

/**
 * Each method consumes what its name says and returns whether it was there; if not, `at` stays
 * where it was.
 */
class Scan {
  readonly #text: string;
  at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(depth: number): boolean {
    this.#skipSpace();
    const first = this.#text[this.at] ?? '';
    const literal = LITERALS[first];
    if (literal !== undefined) {
      return this.#match(literal);
    }
    switch (first) {
      case '"':
        this.at++;
        return this.#string();
      case '[':
        return depth < MAX_DEPTH && this.#list(']', () => this.value(depth + 1));
      case '{':
        return depth < MAX_DEPTH && this.#list('}', () => this.#member(depth + 1));
      default:
        return /[-0-9]/.test(first) && this.#number();
    }
  }

  #skipSpace(): void {
    while (SPACE.test(this.#text[this.at] ?? '')) {
      this.at++;
    }
  }

  #expect(character: string): boolean {
    this.#skipSpace();
    const found = this.#text[this.at] === character;
    if (found) {
      this.at++;
    }
    return found;
  }

  #match(literal: string): boolean {
    for (const character of literal) {
      if (this.#text[this.at] !== character) {
        return false;
      }
      this.at++;
    }
    return true;
  }

  #list(end: string, item: () => boolean): boolean {
    this.at++;
    if (this.#expect(end)) {
      return true;
    }
    do {
      if (!item()) {
        return false;
      }
    } while (this.#expect(','));
    return this.#expect(end);
  }

  #member(depth: number): boolean {
    return this.#expect('"') && this.#string() && this.#expect(':') && this.value(depth);
  }

  /** Consumes the rest of a string after its opening quote. */
  #string(): boolean {
    for (;;) {
      const character = this.#text[this.at] ?? '';
      if (character < ' ') {
        return false;
      }
      this.at++;
      if (character === '"') {
        return true;
      }
      if (character === '\\' && !this.#escape()) {
        return false;
      }
    }
  }

  #escape(): boolean {
    const character = this.#text[this.at++] ?? '';
    if (character !== 'u') {
      return '"\\/bfnrt'.includes(character) && character !== '';
    }
    for (let i = 0; i < 4; i++) {
      if (!/[0-9a-fA-F]/.test(this.#text[this.at] ?? '')) {
        return false;
      }
      this.at++;
    }
    return true;
  }

  /** Consumes a number. Stricter than Mesos, which accepts `01` for 1. */
  #number(): boolean {
    const start = this.at;
    while (/[-+.eE0-9]/.test(this.#text[this.at] ?? '')) {
      this.at++;
    }
    return NUMBER.test(this.#text.slice(start, this.at));
  }
}
