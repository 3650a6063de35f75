// Lines of the log that anybody can cause: the first as it comes, the others counted.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Stranger } from '../../src/model/process-effects.ts';
import { StrangerLines } from '../../src/runtime/stranger-lines.ts';

let written: string[];
let lines: StrangerLines;

beforeEach(() => {
  vi.useFakeTimers();
  written = [];
  lines = new StrangerLines((level, text) => written.push(`${level}: ${text}`));
});

afterEach(() => {
  lines.flush();
  vi.useRealTimers();
});

const warn = (text: string, origin: string, topic: Stranger['topic'] = 'messages') =>
  lines.add('warn', text, { topic, origin });

test('the first line about a topic and an address is written at once, and those after it counted', () => {
  warn('one', 'slave(1)@10.0.0.1:5051');
  expect(written).toEqual(['warn: one']);
  warn('two', 'slave(2)@10.0.0.1:5052');
  warn('three', '10.0.0.1');
  warn('elsewhere', '10.0.0.2');
  lines.add('error', 'otherwise', { topic: 'TLS', origin: '10.0.0.1' });
  expect(written.splice(0)).toEqual(['warn: one', 'warn: elsewhere', 'error: otherwise']);
  vi.advanceTimersByTime(1_000);
  expect(written.splice(0)).toEqual(['warn: two (and 1 more about the same address)']);
  warn('four', '10.0.0.1');
  vi.advanceTimersByTime(2_000);
  expect(written).toEqual(['warn: four']);
});

test('a flood makes ever fewer lines, and none is lost from the count', () => {
  for (let second = 0; second < 600; second++) {
    for (let index = 0; index < 100; index++) {
      warn(`${index} of second ${second}`.padEnd(100_000), `x(${index})@10.0.0.1:${index + 1}`);
    }
    vi.advanceTimersByTime(1_000);
  }
  lines.flush();
  // At once, after 1, 3, 7 … 63 seconds, and then once in 64; and the rest in the end.
  expect(written.length).toBeLessThanOrEqual(17);
  const more = written.map((line) => Number(/and (\d+) more about the same/.exec(line)?.[1] ?? 0));
  expect(more.reduce((sum, count) => sum + count + 1, 0)).toBe(60_000);
  expect(Math.max(...written.map(({ length }) => length))).toBeLessThan(1_100);
});

test('however many addresses there are, what is known of them has a bound', () => {
  for (let index = 0; index < 5_000; index++) {
    warn('x', `10.0.${index >> 8}.${index & 255}`);
    warn('x', `127.0.${index >> 8}.${index & 255}`);
  }
  lines.flush();
  expect(written).toHaveLength(1_025);
  // Who can use all addresses of the loopback is one.
  expect(written).toContainEqual('warn: 4872 more warnings about 127.0.0.0/8');
  expect(written).toContainEqual('warn: 4105 more warnings about many other addresses');
});
