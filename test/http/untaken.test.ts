// Bytes that peers have not taken: when they slow producers down, and when they do not.
import { afterEach, describe, expect, test } from 'vitest';
import { HeldBytes } from '../../src/http/transport/held-bytes.ts';
import { PeerPressure, Untaken } from '../../src/http/transport/untaken.ts';

const MB = 1_000_000;
const all: Untaken[] = [];
let pressure = new PeerPressure();

afterEach(() => {
  for (const untaken of all.splice(0)) {
    untaken.end();
  }
  expect(pressure.bytes).toBe(0);
  pressure = new PeerPressure();
});

function peer(held = new HeldBytes(), cutOff = () => {}): Untaken {
  const untaken = new Untaken(pressure, cutOff, { held, stallMs: 10 });
  all.push(untaken);
  return untaken;
}

async function until(fits: () => boolean) {
  while (!fits()) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('what a peer has not taken', () => {
  test('presses on producers while the peer takes, and no more when it takes nothing', async () => {
    const reads = peer();
    const stalled = peer();
    stalled.add(70 * MB);
    expect(pressure.bytes).toBe(70 * MB);
    await until(() => pressure.bytes === 0);
    reads.add(MB);
    stalled.add(MB);
    expect(pressure.bytes).toBe(MB);
    // The peer makes progress again: the bytes it has left count.
    stalled.taken(70 * MB);
    expect(pressure.bytes).toBe(2 * MB);
    reads.taken(MB);
    stalled.taken(MB);
    expect(pressure.bytes).toBe(0);
  });

  test('counts among what peers keep taken, and ends the one that took nothing for the longest', () => {
    const held = new HeldBytes(100 * MB);
    const cut: string[] = [];
    const a = peer(held, () => cut.push('a'));
    const b = peer(held, () => cut.push('b'));
    a.add(40 * MB);
    b.add(50 * MB);
    a.taken(MB);
    b.add(20 * MB);
    expect(cut).toEqual(['b']);
    expect(held.total).toBe(39 * MB);
    a.end();
    expect(held.total).toBe(0);
  });

  test('lets producers go on as soon as peers have taken enough, without being asked', () => {
    const resumed: string[] = [];
    pressure.whenDrained(() => resumed.push('at once'));
    const slow = peer();
    const other = peer();
    slow.add(40 * MB);
    other.add(40 * MB);
    expect(pressure.saturated).toBe(true);
    pressure.whenDrained(() => resumed.push('taken'));
    slow.taken(20 * MB);
    expect(resumed).toEqual(['at once']);
    slow.taken(10 * MB);
    expect(resumed).toEqual(['at once', 'taken']);
    // Only once; and when a connection ends its bytes do not count any more.
    slow.add(40 * MB);
    pressure.whenDrained(() => resumed.push('ended'));
    slow.taken(MB);
    other.end();
    expect(resumed).toEqual(['at once', 'taken', 'ended']);
  });

  test('lets producers go on when a peer stands still', async () => {
    peer().add(80 * MB);
    await new Promise<void>((resolve) => pressure.whenDrained(resolve));
    expect(pressure.saturated).toBe(false);
  });

  test('presses on the producers of its own process only', () => {
    const own = new PeerPressure();
    const untaken = new Untaken(own, () => {});
    untaken.add(80 * MB);
    expect([own.saturated, pressure.saturated]).toEqual([true, false]);
    untaken.end();
  });
});
