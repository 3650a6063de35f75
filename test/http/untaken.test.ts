// What peers have not taken: when it presses on others, and when it does not.
import { afterEach, describe, expect, it } from 'vitest';
import { HeldBytes } from '../../src/http/transport/held-bytes.ts';
import { Untaken } from '../../src/http/transport/untaken.ts';

const MB = 1_000_000;
const all: Untaken[] = [];

afterEach(() => {
  for (const untaken of all.splice(0)) {
    untaken.end();
  }
  expect(Untaken.pressing).toBe(0);
});

function peer(held = new HeldBytes(), cutOff = () => {}): Untaken {
  const untaken = new Untaken(cutOff, { held, stallMs: 10 });
  all.push(untaken);
  return untaken;
}

async function until(fits: () => boolean) {
  while (!fits()) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('what a peer has not taken', () => {
  it('presses on producers while the peer takes, and no more when it takes nothing', async () => {
    const reads = peer();
    const stalled = peer();
    stalled.add(70 * MB);
    expect(Untaken.pressing).toBe(70 * MB);
    await until(() => Untaken.pressing === 0);
    reads.add(MB);
    stalled.add(MB);
    expect(Untaken.pressing).toBe(MB);
    // It has come back: what it still has counts again.
    stalled.taken(70 * MB);
    expect(Untaken.pressing).toBe(2 * MB);
    reads.taken(MB);
    stalled.taken(MB);
    expect(Untaken.pressing).toBe(0);
  });

  it('counts among what peers keep taken, and ends the one that took nothing for the longest', () => {
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
});
