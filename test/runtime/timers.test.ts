import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type TimerSource, Timers } from '../../src/runtime/timers.ts';

/** Time that passes only when the test says so. */
class ManualTime implements TimerSource {
  #now = 0;
  #at = Number.POSITIVE_INFINITY;
  #callback: (() => void) | undefined;
  scheduled = 0;

  now(): number {
    return this.#now;
  }

  schedule(delayMs: number, callback: () => void): () => void {
    this.scheduled++;
    this.#at = this.#now + delayMs;
    this.#callback = callback;
    return () => {
      if (this.#callback === callback) {
        this.#callback = undefined;
      }
    };
  }

  advance(ms: number): void {
    const end = this.#now + ms;
    while (this.#callback && this.#at <= end) {
      const callback = this.#callback;
      this.#callback = undefined;
      this.#now = Math.max(this.#now, this.#at);
      callback();
    }
    this.#now = end;
  }
}

describe('named timers', () => {
  test('fire once, the earliest first, ties in the order they were set', () => {
    const time = new ManualTime();
    const fired: string[] = [];
    const timers = new Timers((name) => fired.push(name), time);
    timers.set('late', 30);
    timers.set('tie 1', 20);
    timers.set('tie 2', 20);
    timers.set('early', 10);
    time.advance(100);
    time.advance(100);
    expect(fired).toEqual(['early', 'tie 1', 'tie 2', 'late']);
    expect(timers.size).toBe(0);
  });

  test('are replaced by one of the same name', () => {
    const time = new ManualTime();
    const fired: [string, number][] = [];
    const timers = new Timers((name) => fired.push([name, time.now()]), time);
    timers.set('ping', 10);
    time.advance(5);
    timers.set('ping', 10);
    time.advance(100);
    expect(fired).toEqual([['ping', 15]]);
  });

  test('may be set again while they fire', () => {
    const time = new ManualTime();
    let rounds = 0;
    const timers: Timers = new Timers((name) => {
      if (++rounds < 3) {
        timers.set(name, 10);
      }
    }, time);
    timers.set('again', 10);
    time.advance(1_000);
    expect(rounds).toBe(3);
  });

  test('wait longer than the platform can', () => {
    const time = new ManualTime();
    const fired: string[] = [];
    const timers = new Timers((name) => fired.push(name), time);
    const month = 30 * 24 * 3600 * 1000;
    timers.set('month', month);
    time.advance(month - 1);
    expect(fired).toEqual([]);
    time.advance(1);
    expect(fired).toEqual(['month']);
  });

  test('share one timer of the platform', () => {
    const time = new ManualTime();
    const timers = new Timers(() => {}, time);
    for (let i = 0; i < 50_000; i++) {
      timers.set(`agent ${i}`, 15_000 + i);
    }
    expect(time.scheduled).toBe(1);
  });

  test('fire as a plain list of them would', () => {
    const command = fc.record({
      name: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
      delay: fc.option(fc.nat(20), { nil: undefined }),
      pass: fc.nat(10),
    });
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
        const time = new ManualTime();
        const fired: string[] = [];
        const timers = new Timers((name) => fired.push(`${name}@${time.now()}`), time);
        const plain = new Map<string, { at: number; order: number }>();
        const expected: string[] = [];
        let now = 0;
        let order = 0;
        for (const { name, delay, pass } of commands) {
          if (delay === undefined) {
            timers.clear(name);
            plain.delete(name);
          } else {
            timers.set(name, delay);
            plain.set(name, { at: now + delay, order: order++ });
          }
          time.advance(pass);
          now += pass;
          const due = [...plain].filter(([, timer]) => timer.at <= now);
          due.sort(([, a], [, b]) => a.at - b.at || a.order - b.order);
          for (const [gone, { at }] of due) {
            plain.delete(gone);
            expected.push(`${gone}@${at}`);
          }
        }
        expect(fired).toEqual(expected);
      }),
    );
  });
});
