// How long a session is held, by which signs.
import { describe, expect, test } from 'vitest';
import { SignsOfLife } from '../../src/zookeeper/signs-of-life.ts';

const TIMEOUT_MS = 12_000;
const signs = (areAgreed: boolean) =>
  new SignsOfLife({ timeoutMs: TIMEOUT_MS, areAgreed, nowMs: 0 });

function beat(it: SignsOfLife, sentMs: number, answeredMs: number): void {
  it.sent(sentMs);
  it.answered(answeredMs);
}

describe('signs that one server answers', () => {
  test('hold from the last that was answered, when it was sent', () => {
    const it = signs(false);
    expect([it.isProved, it.isHeld(0)]).toEqual([false, false]);
    beat(it, 1_000, 1_500);
    beat(it, 5_000, 5_010);
    it.sent(9_000);
    expect([it.isHeld(16_999), it.isHeld(17_000)]).toEqual([true, false]);
  });

  test('are due after a third, and a connection is silent after two', () => {
    const it = signs(false);
    beat(it, 1_000, 1_500);
    expect([it.isDue(4_999), it.isDue(5_000)]).toEqual([false, true]);
    it.sent(5_000);
    expect(it.isDue(9_000)).toBe(false);
    expect([it.isSilent(9_499), it.isSilent(9_500)]).toEqual([false, true]);
    it.interrupted(9_500);
    expect([it.isSilent(9_501), it.isDue(9_501)]).toEqual([false, true]);
  });
});

describe('signs that are agreed on', () => {
  test('hold from the one before the last', () => {
    const it = signs(true);
    beat(it, 1_000, 1_500);
    expect([it.isHeld(11_999), it.isHeld(12_000)]).toEqual([true, false]);
    beat(it, 4_000, 4_010);
    expect([it.isHeld(12_999), it.isHeld(13_000)]).toEqual([true, false]);
  });

  test('hold after another connection from when that was looked for, and never less', () => {
    const it = signs(true);
    beat(it, 1_000, 1_500);
    beat(it, 4_000, 4_010);
    it.sent(7_000);
    it.interrupted(8_000);
    it.connected(TIMEOUT_MS, 9_000);
    beat(it, 9_000, 9_100);
    expect([it.isHeld(19_999), it.isHeld(20_000)]).toEqual([true, false]);
  });
});
