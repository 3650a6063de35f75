// What is said where a plugin has failed: which one, at what, and its own words.

import { WireError } from '../../../wire/wire-error.ts';
import { type Fields, FormatError, fieldsOf, jsonOf } from '../../images/formats/fields.ts';
import type { ProgramEnd } from '../../programs/program-call.ts';

/** Characters of what a plugin has printed, in a message. */
const MOST_SHOWN = 4_096;

/** Codes of the specification: what they mean here. */
export const INCOMPATIBLE_VERSION = 1;
export const UNKNOWN_CONTAINER = 3;

/** The code of the error that a plugin has answered with; undefined: it has none. */
export function errorCode({ stdout, failure }: ProgramEnd): number | undefined {
  if (failure === undefined) {
    return undefined;
  }
  const { code } = answerIn(stdout);
  return typeof code === 'number' ? code : undefined;
}

/** What a plugin has answered, if anything: it may say what it likes. */
export function answerIn(stdout: Buffer): Fields {
  try {
    return fieldsOf(jsonOf(stdout), 'the answer');
  } catch (error) {
    if (error instanceof FormatError || error instanceof WireError) {
      return {};
    }
    throw error;
  }
}

/** `what`: at what it failed. A status alone tells nothing that its output does not tell. */
export function failureText(path: string, what: string, end: ProgramEnd): string {
  const how = /^exited/.test(end.failure ?? '') ? '' : `: it ${end.failure}`;
  const said = `stdout='${shown(end.stdout)}', stderr='${shown(end.stderr)}'`;
  return `The CNI plugin '${path}' failed to ${what}${how}: ${said}`;
}

function shown(output: Buffer): string {
  const text = String(output.subarray(0, 4 * MOST_SHOWN));
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN).toWellFormed()}…` : text;
}
