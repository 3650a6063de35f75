// When servers are asked again.
import { expect, test } from 'vitest';
import { pauseBefore } from '../../../src/containerizer/downloads/patience.ts';

const NOW = Date.UTC(2026, 0, 1);
const patience = { tries: 3, pauseMs: 1_000 };
const pause = (status: number, tries = 1, after?: string) =>
  pauseBefore(
    { status, headers: after === undefined ? {} : { 'retry-after': after } },
    tries,
    patience,
    NOW,
  );

test('a server in trouble is asked again, later each time, and not for ever', () => {
  expect([1, 2, 3].map((tries) => pause(503, tries))).toEqual([1_000, 2_000, undefined]);
  for (const status of [408, 429, 500, 502, 504]) {
    expect(pause(status)).toBe(1_000);
  }
  for (const status of [200, 206, 301, 401, 403, 404, 501]) {
    expect(pause(status)).toBeUndefined();
  }
});

test('it says when: in seconds or by a date', () => {
  expect(pause(429, 1, '7')).toBe(7_000);
  expect(pause(429, 1, '0')).toBe(1_000);
  expect(pause(503, 1, 'Thu, 01 Jan 2026 00:00:20 GMT')).toBe(20_000);
  expect(pause(503, 1, 'Wed, 31 Dec 2025 00:00:00 GMT')).toBe(1_000);
  expect(pause(429, 1, 'soon')).toBe(1_000);
  expect(pause(429, 1, '-5')).toBe(1_000);
});

test('one that wants to be left alone for long is not asked again', () => {
  expect(pause(429, 1, '30')).toBe(30_000);
  expect(pause(429, 1, '31')).toBeUndefined();
  expect(pause(429, 1, '99999999999999999999')).toBeUndefined();
  expect(pause(503, 1, 'Thu, 01 Jan 2026 01:00:00 GMT')).toBeUndefined();
});
