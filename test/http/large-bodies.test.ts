// One large body in a turn of the loop, whoever sends how many.
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { LargeBodies } from '../../src/http/server/large-bodies.ts';
import { HeldBytes } from '../../src/http/transport/held-bytes.ts';

const LARGE = 1024 * 1024;

test('a turn has one large body, places take turns, and small ones do not wait', async () => {
  const bodies = new LargeBodies();
  const read: string[] = [];
  const come = (name: string, bytes: number, ip: string) =>
    bodies.mayRead({ bytes, ip, cutOff: () => undefined }).then(() => read.push(name));
  const all = [
    come('a1', LARGE, '10.0.0.1'),
    come('a2', LARGE, '10.0.0.1'),
    come('a3', LARGE, '10.0.0.1'),
    come('small', 1_000, '10.0.0.1'),
    come('b1', LARGE, '10.0.0.2'),
  ];
  const turns: string[][] = [];
  while (read.length < all.length || turns.at(-1)?.length !== 0) {
    turns.push(read.slice(turns.flat().length));
    await setImmediate();
  }
  expect(turns).toEqual([[], ['a1', 'small'], ['a3'], ['b1'], ['a2'], []]);
  // Later ones are as free as the first.
  const before = read.length;
  await come('again', LARGE, '10.0.0.1');
  expect(read.slice(before)).toEqual(['again']);
});

test('those that wait have a bound of bytes, at which the first makes room', async () => {
  const held = new HeldBytes(2 * LARGE);
  const bodies = new LargeBodies(held);
  const closed: number[] = [];
  const outcomes = await Promise.all(
    [0, 1, 2, 3].map((each) =>
      bodies.mayRead({ bytes: LARGE, ip: '10.0.0.1', cutOff: () => closed.push(each) }),
    ),
  );
  expect(outcomes).toEqual([true, false, true, true]);
  expect(closed).toEqual([1]);
  expect(held.total).toBe(0);
});
