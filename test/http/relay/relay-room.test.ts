// How what is relayed shares the loop, for those who ask little beside those who ask much.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { RelayRoom } from '../../../src/http/relay/relay-room.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const MB = 1024 * 1024;

test('so many bytes pass in a second, and addresses take turns', () => {
  const room = new RelayRoom();
  const passed: string[] = [];
  const pass = (origin: string) => room.pass(origin, MB, () => passed.push(origin));
  for (let part = 0; part < 200; part++) {
    pass('10.0.0.1');
  }
  pass('10.0.0.2');
  pass('10.0.0.2');
  pass('10.0.0.3');
  expect(passed.length).toBeLessThan(5);
  vi.advanceTimersByTime(200);
  expect(passed.indexOf('10.0.0.3')).toBeLessThan(8);
  expect(passed.filter((origin) => origin === '10.0.0.2')).toHaveLength(2);
  vi.advanceTimersByTime(800);
  expect(passed.length).toBeGreaterThan(60);
  expect(passed.length).toBeLessThan(70);
  vi.advanceTimersByTime(3_000);
  expect(passed).toHaveLength(203);
});

test('what has been idle passes at once, and no more than a part of a second of it', () => {
  const room = new RelayRoom();
  vi.advanceTimersByTime(60_000);
  let passed = 0;
  for (let part = 0; part < 10; part++) {
    room.pass('10.0.0.1', MB, () => passed++);
  }
  expect([passed > 0, passed < 4]).toEqual([true, true]);
});
