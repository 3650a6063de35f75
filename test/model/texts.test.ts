import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseAttributes } from '../../src/model/attribute-text.ts';
import { formatBytes, parseBytes } from '../../src/model/bytes.ts';
import { formatDuration, parseDuration } from '../../src/model/duration.ts';
import { formatResources, parseResources } from '../../src/model/resource-text.ts';

describe('durations', () => {
  test.each([
    ['10mins', 600_000, '10mins'],
    ['1secs', 1000, '1secs'],
    ['500ms', 500, '500ms'],
    ['0ns', 0, '0ns'],
    ['90secs', 90_000, '90secs'],
    ['1.5mins', 90_000, '90secs'],
    ['10days', 864_000_000, '10days'],
    ['2weeks', 1_209_600_000, '2weeks'],
    ['1.5secs', 1500, '1500ms'],
    ['60secs', 60_000, '1mins'],
    ['75secs', 75_000, '75secs'],
  ])('%s', (text, ms, printed) => {
    expect(parseDuration(text)).toBe(ms);
    expect(formatDuration(ms)).toBe(printed);
  });

  test.each(['', '10', 'mins', '10 minutes', '1,5secs', '1e30weeks'])('refuses %j', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  test('what is printed reads back as the same duration', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e10 }), (ms) => {
        expect(parseDuration(formatDuration(ms))).toBeCloseTo(ms, 3);
      }),
    );
  });
});

describe('sizes', () => {
  test.each([
    ['4KB', 4096, '4KB'],
    ['2GB', 2 ** 31, '2GB'],
    ['1024MB', 2 ** 30, '1GB'],
    ['10b', 10, '10B'],
    ['0B', 0, '0B'],
  ])('%s', (text, bytes, printed) => {
    expect(parseBytes(text)).toBe(bytes);
    expect(formatBytes(bytes)).toBe(printed);
  });

  test.each(['', '4', '1.5GB', '-1B', '4XB'])('refuses %j', (text) => {
    expect(parseBytes(text)).toBeUndefined();
  });
});

describe('resources', () => {
  test('have scalars, ranges, sets and roles', () => {
    expect(parseResources('cpus:4; mem(eng):1024;ports:[3-4, 1-2,9-9];names:{a,b}')).toEqual([
      { name: 'cpus', type: 0, scalar: { value: 4 } },
      { name: 'mem', type: 0, scalar: { value: 1024 }, reservations: [{ type: 1, role: 'eng' }] },
      {
        name: 'ports',
        type: 1,
        ranges: {
          range: [
            { begin: 1, end: 4 },
            { begin: 9, end: 9 },
          ],
        },
      },
      { name: 'names', type: 2, set: { item: ['a', 'b'] } },
    ]);
  });

  test('the default role reserves what names no other', () => {
    const text = formatResources(parseResources('cpus:1;mem(b):2;gpus(*):1', 'a'));
    expect(text).toBe('cpus(a):1; mem(b):2; gpus:1');
  });

  test.each([
    'cpus',
    'cpus:',
    ':4',
    'cpus:many',
    'ports:[5-1]',
    'ports:[1-',
    'cpus():1',
    'a:{b',
    'a:{b,b}',
  ])('refuses %j', (text) => {
    expect(() => parseResources(text)).toThrow(/expected/);
  });
});

test('attributes are read and written', () => {
  expect(parseAttributes('rack:r1;num:5.5;range:[1-3,7-9];url:http://x')).toEqual([
    { name: 'rack', type: 3, text: { value: 'r1' } },
    { name: 'num', type: 0, scalar: { value: 5.5 } },
    {
      name: 'range',
      type: 1,
      ranges: {
        range: [
          { begin: 1, end: 3 },
          { begin: 7, end: 9 },
        ],
      },
    },
    { name: 'url', type: 3, text: { value: 'http://x' } },
  ]);
  expect(() => parseAttributes('a:{b}')).toThrow(/set/);
  expect(() => parseAttributes('rack')).toThrow(/rack:r1/);
  expect(() => parseAttributes(' :r1')).toThrow(/rack:r1/);
});
