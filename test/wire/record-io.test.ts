import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeRecord, MAX_RECORD_BYTES, RecordReader } from '../../src/wire/record-io.ts';
import { WireError } from '../../src/wire/wire-error.ts';
import { pieces } from './pieces.ts';

const ascii = (text: string) => new TextEncoder().encode(text);

describe('a stream of records', () => {
  test('is the same however it is split', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 40 })),
        fc.array(fc.nat()),
        (records, cuts) => {
          const stream = Buffer.concat(records.map(encodeRecord));
          const reader = new RecordReader();
          const read = pieces(stream, cuts).flatMap((piece) => reader.push(piece));
          expect(read).toStrictEqual(records);
          expect(reader.idle).toBe(true);
        },
      ),
    );
  });

  test('is the same when every byte comes alone, and cut in two at any place', () => {
    const records = [
      ascii('{"type":"HEARTBEAT"}'),
      ascii(''),
      ascii('x'.repeat(1234)),
      ascii('é\n'),
    ];
    const stream = new Uint8Array(Buffer.concat(records.map(encodeRecord)));
    const alone = new RecordReader();
    expect([...stream].flatMap((byte) => alone.push(Uint8Array.of(byte)))).toStrictEqual(records);
    for (let at = 0; at <= stream.length; at++) {
      const reader = new RecordReader();
      const first = reader.push(stream.subarray(0, at));
      assert.deepStrictEqual([...first, ...reader.push(stream.subarray(at))], records);
    }
  });

  test('gives records that do not change with the buffer they came in', () => {
    const buffer = Buffer.from('3\nabc');
    const [record] = new RecordReader().push(buffer);
    buffer.fill(0);
    expect(record).toStrictEqual(ascii('abc'));
  });
});

describe('what is no record', () => {
  test.each([
    'x',
    '\n',
    '-1\n',
    '+1\n',
    '1 \n',
    ' 1\n',
    '0x10\n',
    '1.0\n',
    '999999999999999999999',
  ])('%j', (text) => {
    const reader = new RecordReader();
    expect(() => reader.push(ascii(text))).toThrow(WireError);
    expect(() => reader.push(ascii('1\nx'))).toThrow(WireError);
  });

  test('a length beyond the limit is refused before its bytes come', () => {
    expect(() => new RecordReader(10).push(ascii('11\n'))).toThrow('beyond the limit of 10');
    expect(new RecordReader(10).push(ascii('10\n'))).toStrictEqual([]);
    expect(() => new RecordReader().push(ascii(`${MAX_RECORD_BYTES + 1}\n`))).toThrow(WireError);
  });

  test('random bytes give records or an error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.array(fc.nat()), (bytes, cuts) => {
        const reader = new RecordReader();
        try {
          for (const piece of pieces(bytes, cuts)) {
            reader.push(piece);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
        }
      }),
    );
  });
});
