// The lean reader and node:http must see the same requests in the same bytes, and judge them the
// same. Where two readers of one port saw different requests, one request could be smuggled past
// the other.
import { createServer } from 'node:http';
import { Duplex } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RequestReader } from '../../src/http/transport/request-reader.ts';

interface Read {
  /** Path and body of each complete request. */
  readonly requests: string[];
  readonly refused: boolean;
  /** The announced body is larger than a port accepts; node:http would wait for it. */
  readonly tooLarge: boolean;
  /** The lean reader leaves the rest to node:http, or the rest of a request has not come. */
  readonly left: boolean;
  readonly waits: boolean;
}

function readLeanly(pieces: readonly Buffer[]): Read {
  const requests: string[] = [];
  const reader = new RequestReader({
    accepts: () => true,
    request: (head, body) => requests.push(`${head.path} ${Buffer.from(body).toString('latin1')}`),
  });
  for (const piece of pieces) {
    const left = reader.push(piece);
    if (left || reader.fault !== undefined) {
      const refused = reader.fault !== undefined;
      return { requests, refused, tooLarge: reader.fault === 413, left: !refused, waits: false };
    }
  }
  return { requests, refused: false, tooLarge: false, left: false, waits: !reader.idle };
}

/** A connection that the test writes to, and whose responses are discarded. */
class Wire extends Duplex {
  override _read(): void {}
  override _write(_chunk: unknown, _encoding: string, done: () => void): void {
    done();
  }
}

async function readByNode(bytes: Buffer): Promise<Read> {
  const requests: string[] = [];
  let refused = false;
  const server = createServer({ requireHostHeader: false }, (request, response) => {
    const body: Buffer[] = [];
    request.on('data', (piece: Buffer) => body.push(piece));
    request.on('end', () => {
      requests.push(`${request.url} ${Buffer.concat(body).toString('latin1')}`);
      response.end();
    });
  });
  server.on('clientError', () => {
    refused = true;
  });
  const wire = new Wire();
  server.emit('connection', wire);
  wire.push(bytes);
  for (let turn = 0; turn < 4; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  wire.destroy();
  return { requests, refused, tooLarge: false, left: false, waits: false };
}

/**
 * A line without a version is a whole request for node:http (HTTP/0.9), and not yet a head for the
 * lean reader.
 */
const OLD_REQUEST = /POST \/[^ \r\n]*\r?\n/;

async function expectSameVerdict(text: string, cuts: readonly number[] = []) {
  const bytes = Buffer.from(text, 'latin1');
  const points = [...cuts.map((cut) => cut % (bytes.length + 1)), 0, bytes.length].sort(
    (a, b) => a - b,
  );
  const pieces = points.slice(1).map((to, i) => bytes.subarray(points[i], to));
  const lean = readLeanly(pieces);
  const node = await readByNode(bytes);
  if (lean.left || (lean.waits && OLD_REQUEST.test(text))) {
    expect(node.requests.slice(0, lean.requests.length)).toEqual(lean.requests);
    return 'left';
  }
  // One reader looks at a head when all of it has come, the other at each byte.
  const refused = lean.waits || lean.tooLarge ? node.refused : lean.refused;
  expect(node).toEqual({ ...lean, refused, tooLarge: false, waits: false });
  return lean.refused ? 'refused' : 'read';
}

const FROM = 'POST /master/m HTTP/1.1\r\nLibprocess-From: a@1:1\r\n';
const whole = (fields: string, body = '') => `${FROM}${fields}\r\n${body}`;
const chunked = (body: string) => whole('Transfer-Encoding: chunked\r\n', body);

/** Requests that neither reader may accept. node:http judges the heads, both readers the bodies. */
const REFUSED: Readonly<Record<string, string>> = {
  'a blank before the colon': whole('Content-Length : 3\r\n', 'abc'),
  'a tab before the colon': whole('Content-Length\t: 3\r\n', 'abc'),
  'a folded line': whole('X: a\r\n b\r\n'),
  'a folded length': whole('Content-Length:\r\n 3\r\n', 'abc'),
  'a bare CR in a value': whole('X: a\rb\r\n'),
  'a bare CR for the end of a line': `${FROM}X: a\rContent-Length: 3\r\n\r\nabc`,
  'a NUL in a value': whole('X: a\0b\r\n'),
  'a NUL in a name': whole('X\0: a\r\n'),
  'a control character': whole('X: a\x01b\r\n'),
  'no colon': whole('X\r\n'),
  'no name': whole(': a\r\n'),
  'both lengths': whole(
    'Content-Length: 3\r\nTransfer-Encoding: chunked\r\n',
    '3\r\nabc\r\n0\r\n\r\n',
  ),
  'both lengths, the other way round': whole(
    'Transfer-Encoding: chunked\r\nContent-Length: 3\r\n',
    'abc',
  ),
  'two different lengths': whole('Content-Length: 3\r\nContent-Length: 4\r\n', 'abcd'),
  'a list of lengths': whole('Content-Length: 3, 4\r\n', 'abcd'),
  'a length with a sign': whole('Content-Length: +3\r\n', 'abc'),
  'a negative length': whole('Content-Length: -3\r\n', 'abc'),
  'a hexadecimal length': whole('Content-Length: 0x3\r\n', 'abc'),
  'a length that is none': whole('Content-Length: three\r\n', 'abc'),
  'chunked, but not at last': whole('Transfer-Encoding: chunked, gzip\r\n', '0\r\n\r\n'),
  'chunked, and a tab': whole('Transfer-Encoding: chunked\t\r\n', '3\r\nabc\r\n0\r\n\r\n'),
  'a size that is none': chunked('x\r\nabc\r\n0\r\n\r\n'),
  'a size with a sign': chunked('+3\r\nabc\r\n0\r\n\r\n'),
  'a size after a blank': chunked(' 3\r\nabc\r\n0\r\n\r\n'),
  'a size before a blank': chunked('3 \r\nabc\r\n0\r\n\r\n'),
  'a size like a program writes it': chunked('0x3\r\nabc\r\n0\r\n\r\n'),
  'no size': chunked('\r\nabc\r\n0\r\n\r\n'),
  'a bare LF after a size': chunked('3\nabc\r\n0\r\n\r\n'),
  'a bare LF after a chunk': chunked('3\r\nabc\n0\r\n\r\n'),
  'a chunk that is longer than it says': chunked('3\r\nabcd\r\n0\r\n\r\n'),
  'an extension with a CR': chunked('3;a\rb\r\nabc\r\n0\r\n\r\n'),
  'an extension with a bare LF': chunked('3;a\nabc\r\n0\r\n\r\n'),
  'an extension that is none': chunked('3;\r\nabc\r\n0\r\n\r\n'),
  'an extension after a blank': chunked('3; a\r\nabc\r\n0\r\n\r\n'),
  'a trailer that is none': chunked('0\r\nabc\r\n\r\n'),
  'a trailer that says how long the body is': chunked('0\r\nContent-Length: 3\r\n\r\n'),
};

const TAKEN: Readonly<Record<string, string>> = {
  nothing: whole(''),
  'a length': whole('Content-Length: 3\r\n', 'abc'),
  'a length with zeros': whole('Content-Length: 0003\r\n', 'abc'),
  'blanks around a value': whole('Content-Length: \t 3 \t\r\n', 'abc'),
  chunks: chunked('3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n'),
  'a size with zeros': chunked('0000000000000003\r\nabc\r\n0\r\n\r\n'),
  'extensions without name or value': chunked('3;=b;a=;;c=d"e"\r\nabc\r\n0\r\n\r\n'),
  extensions: chunked('3;a=b;c="d e"\r\nabc\r\n0;f\r\n\r\n'),
  'a trailer': chunked('3\r\nabc\r\n0\r\nX: y\r\n\r\n'),
  'an empty body in chunks': chunked('0\r\n\r\n'),
};

describe('the lean reader and node:http', () => {
  test.each(Object.entries(REFUSED))('both refuse %s', async (_title, text) => {
    const bytes = Buffer.from(text, 'latin1');
    const node = await readByNode(bytes);
    expect(node).toMatchObject({ requests: [], refused: true });
    const lean = readLeanly([bytes]);
    expect(lean.requests).toEqual([]);
    expect(lean.left || lean.refused).toBe(true);
    const bytewise = readLeanly([...bytes].map((byte) => Buffer.from([byte])));
    expect(bytewise.requests).toEqual([]);
    expect(bytewise.left || bytewise.refused).toBe(true);
  });

  test.each(Object.entries(TAKEN))('both take %s', async (_title, text) => {
    const cuts = Array.from({ length: text.length }, (_, i) => i);
    expect(await expectSameVerdict(text)).toBe('read');
    expect(await expectSameVerdict(text, cuts)).toBe('read');
  });

  test('agree on whatever is made of the parts of requests', async () => {
    const field = fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom('Host: x\r\n', 'X-Y: z\r\n', 'Accept: a\r\n') },
      fc.constantFrom(
        'Content-Length: 3\r\n',
        'Content-Length: 5\r\n',
        'content-length:3\r\n',
        'Content-Length : 3\r\n',
        'Transfer-Encoding: chunked\r\n',
        'Transfer-Encoding: CHUNKED\r\n',
        'Transfer-Encoding: x\r\n',
        'Connection: keep-alive\r\n',
        'Connection: close\r\n',
        'Connection: x, close\r\n',
        'X: a\r\n b\r\n',
        'X: \xa0\r\n',
        'Content-Length: 3\xa0\r\n',
        'Content-Length:\r\n',
        'Transfer-Encoding:\r\n',
      ),
    );
    const body = fc.constantFrom(
      '',
      'abc',
      'abcde',
      '3\r\nabc\r\n0\r\n\r\n',
      '5\r\nabcde\r\n0\r\n\r\n',
      '1\r\na\r\n2\r\nbc\r\n0\r\n\r\n',
      '3;x=y\r\nabc\r\n0\r\nT: v\r\n\r\n',
      '3;x="y z"\r\nabc\r\n0\r\n\r\n',
      '0003\r\nabc\r\n0\r\n\r\n',
    );
    const request = fc
      .tuple(fc.array(field, { maxLength: 3 }), body)
      .map(([fields, text]) => whole(fields.join(''), text));
    const damage = fc.record({
      at: fc.nat(400),
      text: fc.constantFrom(
        '\r',
        '\n',
        '\0',
        ' ',
        '\t',
        ':',
        ';',
        '0',
        'a',
        '\x80',
        '\r\n',
        '"',
        '=',
      ),
      drop: fc.nat(2),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(request, { minLength: 1, maxLength: 3 }),
        fc.option(damage, { nil: undefined }),
        fc.array(fc.nat(2_000), { maxLength: 6 }),
        async (requests, harm, cuts) => {
          let text = `${requests.join('')}${whole('')}\r\n${whole('')}`;
          if (harm) {
            const at = harm.at % text.length;
            text = text.slice(0, at) + harm.text + text.slice(at + harm.drop);
          }
          await expectSameVerdict(text, cuts);
        },
      ),
      { numRuns: 1_500 },
    );
  });

  test.each([1, 2, 3, 4])('agree on requests that are damaged anywhere, seed %i', async (seed) => {
    const call = `POST /api/v1/scheduler HTTP/1.1\r\nHost: m\r\nContent-Type: application/json\r\nMesos-Stream-Id: s\r\nContent-Length: 13\r\n\r\n{"type":"X1"}`;
    const request = fc.constantFrom(call, ...Object.values(TAKEN), ...Object.values(REFUSED));
    const place = fc.nat(4_000);
    const damage = fc.oneof(
      fc.record({ kind: fc.constant('put' as const), at: place, byte: fc.nat(255) }),
      fc.record({ kind: fc.constant('insert' as const), at: place, byte: fc.nat(255) }),
      fc.record({
        kind: fc.constant('drop' as const),
        at: place,
        length: fc.integer({ min: 1, max: 9 }),
      }),
      fc.record({
        kind: fc.constant('repeat' as const),
        at: place,
        length: fc.integer({ min: 1, max: 40 }),
      }),
    );
    type Damage = typeof damage extends fc.Arbitrary<infer Made> ? Made : never;
    const damaged = (text: string, harm: Damage): string => {
      const at = harm.at % text.length;
      switch (harm.kind) {
        case 'put':
          return text.slice(0, at) + String.fromCharCode(harm.byte) + text.slice(at + 1);
        case 'insert':
          return text.slice(0, at) + String.fromCharCode(harm.byte) + text.slice(at);
        case 'drop':
          return text.slice(0, at) + text.slice(at + harm.length);
        case 'repeat':
          return text.slice(0, at + harm.length) + text.slice(at);
        default:
          return harm satisfies never;
      }
    };
    await fc.assert(
      fc.asyncProperty(
        fc.array(request, { minLength: 1, maxLength: 3 }),
        fc.array(damage, { minLength: 1, maxLength: 4 }),
        fc.array(fc.nat(2_000), { maxLength: 12 }),
        async (requests, harms, cuts) => {
          const sound = `${requests.join('')}${whole('')}`;
          await expectSameVerdict(harms.reduce(damaged, sound) || sound, cuts);
        },
      ),
      { numRuns: 400, seed },
    );
  });
});
