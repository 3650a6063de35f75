// The head of a request, as far as libprocess messages and scheduler calls need it. A head with
// anything in it that this reader does not know, or that could be understood in two ways, is left
// to node:http.
import { KEY_HEADER } from '../../wire/libprocess.ts';

export interface RequestHead {
  readonly path: string;
  /** Sender's pid: Libprocess-From, or else the User-Agent of a libprocess process. */
  readonly from: string | undefined;
  /** Of the connection, by which its opener can be asked about it. */
  readonly key: string | undefined;
  readonly contentType: string | undefined;
  readonly accept: string | undefined;
  readonly streamId: string | undefined;
  readonly authorization: string | undefined;
}

/** What a head says about the body that follows it. */
export interface Framing {
  readonly head: RequestHead;
  readonly chunked: boolean;
  /** Of a body that is not chunked, in bytes. */
  readonly length: number;
}

/** Begins every request that is read here. */
export const POST = 'POST /';
const VERSION = ' HTTP/1.1';

/**
 * A request line and fields that all programs read alike: no blank before a colon, no folded
 * line, no control character. Bytes are characters here (latin1).
 */
const HEAD = /^POST \/[!-~]* HTTP\/1\.1(?:\r\n[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t -~\x80-\xff]*)*$/;
/** More digits are left to node:http, which refuses the body for its size. */
const LENGTH = /^\d{1,9}$/;

/** The fields of a head that matter here, as far as they have come. */
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

/** Undefined for what is not read here: other methods and versions, Expect, Upgrade, encodings. */
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
    if (slot !== 'ignored') {
      // Of a field that is repeated the last line counts, as in Mesos.
      fields[slot] = withoutBlanks(text, colon + 1, end);
    }
    at = end + 2;
  }
  return frameOf(path, fields);
}

/** `unknown`: a field that only the complete server understands. */
type Slot = keyof Fields | 'ignored' | 'unknown';

/** Said twice, these are for node:http to judge. */
const FRAMING: ReadonlySet<Slot> = new Set<Slot>(['encoding', 'length', 'connection']);

/** By names in lower case. What is not listed does not matter. */
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
]);

/** The spellings in use, so that no name has to be turned into lower case. */
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

/** Blanks and tabs around a value are no part of it. */
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
