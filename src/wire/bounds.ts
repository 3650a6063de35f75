// Bounds on what one message from outside may contain. Reading costs time and memory for each
// value, and a few bytes are enough to encode an empty message, so bytes alone are no bound. No
// real client comes near these bounds; a peer that exceeds one is told which.
import { WireError } from './wire-error.ts';

/**
 * The most bytes of one string in protobuf, or characters in JSON: names, labels, values, commands.
 * A longer string is refused.
 */
export const MAX_STRING_LENGTH = 1024 * 1024;
/**
 * The most messages within one message of any sender: an agent with ten thousand tasks has fewer. A
 * message with more is refused.
 */
export const MAX_MESSAGES = 1_000_000;
/** The most strings within one message of any sender. A message with more is refused. */
const MAX_STRINGS = 4_000_000;
/**
 * The most values within one JSON text of any sender, messages and lists included; a reconciliation
 * of a hundred thousand tasks has 500,000. A text with more is refused before values are made of
 * it.
 */
export const MAX_JSON_VALUES = 750_000;
/** How deep messages and lists may be nested in JSON: as deep as Mesos allows. */
export const MAX_JSON_DEPTH = 200;
/**
 * How deep any JSON text may be nested, fields that no message has included. A deeper text is
 * refused without being parsed.
 */
const MAX_TEXT_DEPTH = 200_000;
/** A text up to this length is parsed without counting its values before. */
const SMALL_TEXT = 64 * 1024;

/** The most values that a message in protobuf may have. */
export interface ValueBounds {
  readonly messages: number;
  readonly strings: number;
}

export const BOUNDED: ValueBounds = { messages: MAX_MESSAGES, strings: MAX_STRINGS };
/**
 * For responses of a server that we asked, and for what we stored: their size is that of the
 * cluster.
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
 * Counts the values and the depth of a text, which may turn out to be no JSON at all.
 * @throws WireError where there are too many values, or they are nested too deep.
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

/** The index of the quote that ends the string beginning at `start`. */
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
