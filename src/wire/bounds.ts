// What one message from outside may hold. Reading takes time and memory by the number of values,
// not by their bytes: a few bytes stand for an empty message. No real client comes near these
// bounds; a peer that goes beyond one is told which.
import { WireError } from './wire-error.ts';

/**
 * Bytes of one string in protobuf, characters in JSON: names, labels, values, commands. Longer:
 * refused.
 */
export const MAX_STRING_LENGTH = 1024 * 1024;
/**
 * Messages within one message of anybody: an agent with ten thousand tasks has fewer. More:
 * refused.
 */
export const MAX_MESSAGES = 1_000_000;
/** Strings within one message of anybody. More: refused. */
export const MAX_STRINGS = 4_000_000;
/**
 * Values within one JSON text of anybody, messages and lists included; a reconciliation of a
 * hundred thousand tasks has 500,000. More: refused, before they are made.
 */
export const MAX_JSON_VALUES = 750_000;
/** As deep as Mesos lets JSON be, of messages and of lists within lists. Deeper: refused. */
export const MAX_JSON_DEPTH = 200;
/**
 * Depth of a text, of which most may belong to fields that no message has. Deeper: refused
 * unparsed.
 */
const MAX_TEXT_DEPTH = 200_000;
/** Text up to this length is parsed without being measured before. */
const SMALL_TEXT = 64 * 1024;

/** How many values a message in protobuf may have. */
export interface ValueBounds {
  readonly messages: number;
  readonly strings: number;
}

export const FROM_ANYBODY: ValueBounds = { messages: MAX_MESSAGES, strings: MAX_STRINGS };
/**
 * Answers of a server that was asked, and what was stored, have as many values as the cluster is
 * large.
 */
export const UNBOUNDED: ValueBounds = { messages: Infinity, strings: Infinity };

export function beyond(what: string, limit: number, unit: string): WireError {
  return new WireError(`${what}: at most ${limit} ${unit} are taken`, { stage: 'bound' });
}

const QUOTE = 34;
const COMMA = 44;
const OPEN_LIST = 91;
const CLOSE_LIST = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;
const BACKSLASH = 92;

/**
 * @throws WireError where the values of a JSON text are too many, or too deep. It may be no JSON at
 * all.
 */
export function checkJsonBounds(text: string): void {
  if (text.length <= SMALL_TEXT) {
    return;
  }
  let values = 1;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at = endOfString(text, at);
        break;
      case COMMA:
        values++;
        break;
      case OPEN_LIST:
      case OPEN_OBJECT:
        values++;
        if (++depth > MAX_TEXT_DEPTH) {
          throw new WireError('JSON is nested too deeply', { stage: 'parse' });
        }
        break;
      case CLOSE_LIST:
      case CLOSE_OBJECT:
        depth--;
        break;
    }
    if (values > MAX_JSON_VALUES) {
      throw beyond('JSON has too many values', MAX_JSON_VALUES, 'values');
    }
  }
}

/** Where the quote is that ends the string whose first is at `start`. */
function endOfString(text: string, start: number): number {
  for (let at = start; ; ) {
    at = text.indexOf('"', at + 1);
    if (at < 0) {
      return text.length;
    }
    let before = at - 1;
    while (before > start && text.charCodeAt(before) === BACKSLASH) {
      before--;
    }
    if ((at - before) % 2 === 1) {
      return at;
    }
  }
}
