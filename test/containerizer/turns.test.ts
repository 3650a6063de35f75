import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Turns } from '../../src/containerizer/turns.ts';

const PIECE_MS = 3;

/** Keeps the loop for that long. */
function busy(): void {
  const endMs = performance.now() + PIECE_MS;
  while (performance.now() < endMs) {}
}

test('much work at once leaves turns to others, and is done in the order in which it came', async () => {
  const turns = new Turns();
  const done: number[] = [];
  const all = Array.from({ length: 40 }, (_, n) =>
    turns.run(() => {
      busy();
      done.push(n);
      return n;
    }),
  );
  let others = 0;
  while (done.length < all.length) {
    await nextTurn();
    others++;
  }
  // A turn has room for three pieces, the first of which begins in any case.
  expect(others).toBeGreaterThanOrEqual(all.length / 4);
  expect(await Promise.all(all)).toEqual(done);
  expect(done).toEqual(done.toSorted((a, b) => a - b));
});

test('what follows from a piece takes its part of the turn', async () => {
  const turns = new Turns();
  let done = 0;
  // Uses this turn up.
  const first = turns.run(() => [busy(), busy(), busy()]);
  const all = Array.from({ length: 20 }, async () => {
    await turns.run(() => undefined);
    await undefined;
    busy();
    done++;
  });
  let mostInTurn = 0;
  for (let before = 0; done < all.length; before = done) {
    await nextTurn();
    mostInTurn = Math.max(mostInTurn, done - before);
  }
  await Promise.all([first, ...all]);
  expect(mostInTurn).toBeLessThan(all.length);
});

test('little work is done at once, and settles as it ends', async () => {
  const turns = new Turns();
  let isDone = false;
  const answer = turns.run(() => {
    isDone = true;
    return 'done';
  });
  expect(isDone).toBe(true);
  expect(await answer).toBe('done');
  await expect(turns.run(() => Promise.reject(new Error('later')))).rejects.toThrow('later');
  const refused = turns.run(() => {
    throw new Error('at once');
  });
  await expect(refused).rejects.toThrow('at once');
});
