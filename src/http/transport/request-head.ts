// The head of a request, as far as libprocess messages and scheduler calls need it. A head is left
// to node:http if this reader does not know all of it, or if it can be understood in two ways.
import { KEY_HEADER } from '../../wire/libprocess.ts';

export interface RequestHead {
  readonly path: string;
  /** The sender's pid: Libprocess-From, or the User-Agent of a libprocess process. */
  readonly from: string | undefined;
  /** The connection's key, by which the sender can be asked about the connection. */
  readonly key: string | undefined;
  readonly contentType: string | undefined;
  readonly accept: string | undefined;
  readonly streamId: string | undefined;
  readonly authorization: string | undefined;
}

/** What a head says about the body that follows. */
export interface Framing {
  readonly head: RequestHead;
  readonly chunked: boolean;
  /** The length in bytes of a body that is not chunked. */
  readonly length: number;
}

/** The beginning of every request that is read here. */
export const POST = 'POST /';
const VERSION = ' HTTP/1.1';

/**
 * A request line and fields that all programs read alike: no blank before a colon, no folded line,
 * no control character. Each character is a byte (latin1).
 */
const HEAD = /^POST \/[!-~]* HTTP\/1\.1(?:\r\n[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t -~\x80-\xff]*)*$/;
/** A length with more digits is left to node:http, which refuses it. */
const LENGTH = /^\d{1,9}$/;

/** The fields that matter here, as far as they have been read. */
interface Fields {
  from: string | undefined;
  agent: string | undefined;
  key: string | undefined;
  contentType: string | undefined;
  accept: string | undefined;
  streamId: string | undefined;
  authorization: string | undefined;
  encoding: string | undefined;
  length: string | undefined;
  connection: string | undefined;
}

/**
 * Undefined for a head that is left to node:http: other methods and versions, Expect, Upgrade,
 * encodings.
 */
export function parseHead(text: string): Framing | undefined {
  if (!HEAD.test(text)) {
    return undefined;
  }
  const lineEnd = endOfLine(text, 0);
  const path = text.slice(POST.length - 1, lineEnd - VERSION.length);
  const fields: Fields = {
    from: undefined,
    agent: undefined,
    key: undefined,
    contentType: undefined,
    accept: undefined,
    streamId: undefined,
    authorization: undefined,
    encoding: undefined,
    length: undefined,
    connection: undefined,
  };
  for (let at = lineEnd + 2; at < text.length; ) {
    const end = endOfLine(text, at);
    const colon = text.indexOf(':', at);
    const slot = SLOTS.get(text.slice(at, colon)) ?? slotOf(text.slice(at, colon));
    if (slot === 'unknown' || (FRAMING.has(slot) && fields[slot as keyof Fields] !== undefined)) {
      return undefined;
    }
    // To node:http a tab after `chunked` is part of the word, and the whole is refused.
    if (slot === 'encoding' && text.slice(colon, end).includes('\t')) {
      return undefined;
    }
    if (slot !== 'ignored') {
      // Of a repeated field the last line counts, as in Mesos.
      fields[slot] = withoutBlanks(text, colon + 1, end);
    }
    at = end + 2;
  }
  return frameOf(path, fields);
}

/** `unknown` is a field that only node:http understands. */
type Slot = keyof Fields | 'ignored' | 'unknown';

/** If one of these is repeated, node:http decides. */
const FRAMING: ReadonlySet<Slot> = new Set<Slot>(['encoding', 'length', 'connection']);

/** By name in lower case. Fields that are not listed do not matter. */
const SLOTS_BY_NAME: ReadonlyMap<string, Slot> = new Map<string, Slot>([
  ['libprocess-from', 'from'],
  ['user-agent', 'agent'],
  [KEY_HEADER.toLowerCase(), 'key'],
  ['content-type', 'contentType'],
  ['accept', 'accept'],
  ['mesos-stream-id', 'streamId'],
  ['authorization', 'authorization'],
  ['transfer-encoding', 'encoding'],
  ['content-length', 'length'],
  ['connection', 'connection'],
  ['proxy-connection', 'unknown'],
  ['content-encoding', 'unknown'],
  ['expect', 'unknown'],
  ['upgrade', 'unknown'],
  ['trailer', 'unknown'],
  // Only browsers have it.
  ['origin', 'unknown'],
]);

/** The spellings in use, so that their names need not be converted to lower case. */
const SLOTS: ReadonlyMap<string, Slot> = new Map<string, Slot>([
  ['Host', 'ignored'],
  ['User-Agent', 'agent'],
  ['Libprocess-From', 'from'],
  [KEY_HEADER, 'key'],
  ['Connection', 'connection'],
  ['Transfer-Encoding', 'encoding'],
  ['Content-Type', 'contentType'],
  ['Content-Length', 'length'],
  ['Accept', 'accept'],
  ['Mesos-Stream-Id', 'streamId'],
  ['Authorization', 'authorization'],
]);

const slotOf = (name: string): Slot => SLOTS_BY_NAME.get(name.toLowerCase()) ?? 'ignored';

function frameOf(path: string, fields: Fields): Framing | undefined {
  const { encoding, length, agent, connection } = fields;
  if (connection !== undefined && connection.toLowerCase() !== 'keep-alive') {
    return undefined;
  }
  if (encoding !== undefined && (length !== undefined || encoding.toLowerCase() !== 'chunked')) {
    return undefined;
  }
  if (length !== undefined && !LENGTH.test(length)) {
    return undefined;
  }
  const sender = agent?.startsWith('libprocess/') ? agent.slice('libprocess/'.length) : undefined;
  return {
    head: {
      path,
      from: fields.from ?? sender,
      key: fields.key,
      contentType: fields.contentType,
      accept: fields.accept,
      streamId: fields.streamId,
      authorization: fields.authorization,
    },
    chunked: encoding !== undefined,
    length: length === undefined ? 0 : Number(length),
  };
}

/** The value without blanks and tabs around it. */
function withoutBlanks(text: string, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isBlank(text.charCodeAt(start))) {
    start++;
  }
  while (end > start && isBlank(text.charCodeAt(end - 1))) {
    end--;
  }
  return text.slice(start, end);
}

const isBlank = (code: number) => code === 32 || code === 9;

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\r\n', from);
  return end < 0 ? text.length : end;
}
