// The memory that all peers occupy, and which peer is cut off at its bound.
import { describe, expect, test } from 'vitest';
import { HeldBytes, type Holder } from '../../src/http/transport/held-bytes.ts';

function peers(held: HeldBytes, ...names: string[]) {
  const cut: string[] = [];
  const holders = names.map((name): Holder => ({ cutOff: () => cut.push(name) }));
  return { cut, holders: holders as [Holder, Holder, Holder], held };
}

describe('what peers keep taken', () => {
  test('cuts off the one that has stood still for the longest, and no more than needed', () => {
    const { cut, holders, held } = peers(new HeldBytes(100), 'a', 'b', 'c');
    const [a, b, c] = holders;
    held.hold(a, 40);
    held.hold(b, 40);
    held.hold(a, 45);
    held.hold(c, 20);
    expect(cut).toEqual(['b']);
    expect(held.total).toBe(65);
    held.touch(a);
    held.hold(b, 50);
    expect(cut).toEqual(['b', 'c']);
    held.release(a);
    held.hold(b, 0);
    expect(held.total).toBe(0);
  });

  test('counts an answer that several take once, until the last has taken it', () => {
    const { cut, holders, held } = peers(new HeldBytes(100), 'a', 'b', 'c');
    const [a, b, c] = holders;
    const answer = {};
    held.share(a, answer, 60);
    held.share(b, answer, 60);
    expect(held.total).toBe(60);
    held.release(a);
    expect(held.total).toBe(60);
    held.hold(c, 50);
    expect(cut).toEqual(['b']);
    expect(held.total).toBe(50);
  });

  test('is not kept fresh by what it is given', () => {
    const { cut, holders, held } = peers(new HeldBytes(100), 'a', 'b', 'c');
    const [a, b] = holders;
    held.grow(a, 40);
    held.grow(b, 40);
    held.grow(a, 50);
    held.grow(b, 55);
    expect(cut).toEqual(['a']);
  });

  test('cuts off one that alone holds more than all may', () => {
    const { cut, holders, held } = peers(new HeldBytes(100), 'a', 'b', 'c');
    held.hold(holders[0], 101);
    expect(cut).toEqual(['a']);
    expect(held.total).toBe(0);
  });
});
