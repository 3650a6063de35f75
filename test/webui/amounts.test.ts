// Amounts in words for people.
import { expect, test } from 'vitest';
import { own } from '../../src/webui/store/own.ts';
import { retryDelayMs } from '../../src/webui/stream/backoff.ts';
import {
  amountText,
  counted,
  isMoment,
  percentText,
  relativeText,
  spanText,
} from '../../src/webui/words/amounts.ts';

test('amounts of resources have units that people read', () => {
  expect(amountText('cpus', 2.5)).toBe('2.5');
  expect(amountText('cpus', 12_345.678)).toBe('12,345.7');
  expect(amountText('mem', 1536)).toBe('1.5 GB');
  expect(counted(1, 'task')).toBe('1 task');
  expect(counted(12_000, 'task')).toBe('12,000 tasks');
});

test('a share is none or all only where it is', () => {
  expect([0, 0.0001, 0.5, 0.9999, 1].map(percentText)).toEqual([
    ...['0 %', '< 1 %', '50 %', '> 99 %', '100 %'],
  ]);
  expect(percentText(Number.NaN)).toBe('–');
});

test('spans of time have two units where the second tells something', () => {
  const minute = 60_000;
  expect([900, 61_000, 3 * 60 * minute, 25 * 60 * minute].map(spanText)).toEqual([
    ...['1 s', '1 min 1 s', '3 h', '1 d 1 h'],
  ]);
  expect(spanText(20 * 24 * 60 * minute + 5)).toBe('20 d');
  expect(relativeText(1000, 1500)).toBe('now');
  expect(relativeText(0, 61_000)).toBe('1 min 1 s ago');
  expect(relativeText(30_000, 0)).toBe('in 30 s');
});

test('a page that finds no master asks ever more seldom, and not with all others', () => {
  expect([0, 1, 2].map((attempt) => retryDelayMs(attempt, 0))).toEqual([500, 1000, 2000]);
  expect(retryDelayMs(1000, 0)).toBe(15_000);
  expect(retryDelayMs(1000, 1)).toBe(7500);
});

test('a moment that no browser has a date for is none', () => {
  expect([1, 1_800_000_000_000, -5, 8.64e15].map(isMoment)).toEqual([true, true, true, true]);
  // `touch -d @99999999999999`, never, and what is no number.
  expect([99_999_999_999_999_000, 0, Number.NaN].map(isMoment)).toEqual([false, false, false]);
});

test('a link names nothing that all objects have', () => {
  const table = { name: 1 };
  expect(own(table, 'name')).toBe(1);
  expect(['constructor', '__proto__', 'toString'].map((name) => own(table, name))).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});
