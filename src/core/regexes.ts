// Regular expressions of offer constraints. They run on RE2's engine, whose time is linear in the
// text. The cost of compiling a pattern is estimated and bounded here, before the engine expands
// repetitions.
import { RE2JS } from 're2js';
import { errorText } from '../model/error-text.ts';

export interface RegexLimits {
  readonly maxMemoryBytes: number;
  readonly maxProgramSize: number;
}

export type Compiled<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly why: string };

export type TextTest = (text: string) => boolean;

/**
 * A pattern is refused without compiling it when its size, with repetitions written out, is this
 * many times that of the largest program.
 */
const HOPELESS = 10;
/**
 * How many compiled patterns are kept: a framework's constraints are compiled when they are
 * checked, and again when they are set.
 */
const KEPT = 2048;

const refused = (why: string) => ({ ok: false, why }) as const;

export class Regexes {
  readonly #limits: RegexLimits;
  readonly #kept = new Map<string, Compiled<TextTest>>();

  constructor(limits: RegexLimits) {
    this.#limits = limits;
  }

  /**
   * A test for a full match; a pattern that is not valid, or too large when compiled, is refused.
   */
  compile(pattern: string): Compiled<TextTest> {
    const kept = this.#kept.get(pattern);
    if (kept !== undefined) {
      return kept;
    }
    const compiled = compile(pattern, this.#limits);
    // A refused pattern is not kept: it may be long.
    if (compiled.ok) {
      if (this.#kept.size >= KEPT) {
        this.#kept.clear();
      }
      this.#kept.set(pattern, compiled);
    }
    return compiled;
  }
}

function compile(pattern: string, limits: RegexLimits): Compiled<TextTest> {
  if (expandedSize(pattern) > limits.maxProgramSize * HOPELESS) {
    return refused(
      `Regex '${pattern.slice(0, 100)}' is too complex: its program would be much larger than` +
        ` maximum of ${limits.maxProgramSize} allowed`,
    );
  }
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(pattern);
  } catch (error) {
    const why = errorText(error);
    return refused(`Failed to construct regex from pattern '${pattern}': ${why}`);
  }
  const size = compiled.programSize();
  // RE2 gives a third of its memory to each of two programs; an instruction takes about 16 bytes.
  if (size * 16 > (limits.maxMemoryBytes * 2) / 3) {
    return refused(
      `Failed to construct regex from pattern '${pattern}': pattern too large - compile failed`,
    );
  }
  if (size > limits.maxProgramSize) {
    return refused(
      `Regex '${pattern}' is too complex: program size of ${size} is larger than maximum of ` +
        `${limits.maxProgramSize} allowed`,
    );
  }
  return { ok: true, value: (text) => compiled.matches(text) };
}

/** How many characters, classes and groups a pattern has when repetitions are written out. */
const expandedSize = (pattern: string) => expand(pattern, () => 1);

/**
 * The estimated cost of compiling a pattern: 1 for a character. A class costs more, most of all one
 * that ignores case and has characters beyond ASCII, for the engine looks up the other cases of all
 * its members.
 */
export function compileCost(pattern: string): number {
  const ignoresCase = /\(\?[a-zA-Z]*i/.test(pattern);
  return expand(pattern, (atom) => {
    if (ignoresCase && /^\[.*(\\x|[^\0-\x7f])/s.test(atom)) {
      return 2000;
    }
    return /\\[pP]/.test(atom) || (ignoresCase && atom.startsWith('[')) ? 100 : 10;
  });
}

/** One token: `\Qliteral\E`, an escape, a class, a counted repetition, or any character. */
const TOKENS =
  /\\Q.*?(?:\\E|$)|\\[pPx]\{[^}]*\}|\\[pPx].{0,2}|\\.|\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]\\])*\]|\{\d+(?:,\d*)?\}|./gsu;

function expand(pattern: string, costOf: (atom: string) => number): number {
  const outer: number[] = [];
  let size = 0;
  // The cost of the last atom or group, which a repetition would repeat.
  let last = 0;
  for (const [token] of pattern.matchAll(TOKENS)) {
    if (token === '(') {
      outer.push(size);
      size = 0;
      last = 0;
    } else if (token === ')') {
      last = size;
      size += outer.pop() ?? 0;
    } else if (/^\{\d/.test(token)) {
      // The engine refuses more than a thousand repetitions.
      const times = Math.min(1001, Math.max(...token.slice(1, -1).split(',').map(Number)));
      size += last * (times - 1);
      last *= times;
    } else {
      last = token.startsWith('\\Q') ? token.length : costOf(token);
      size += last;
    }
  }
  return outer.reduce((sum, part) => sum + part, size);
}
