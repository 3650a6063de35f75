// Who is next, and who makes room, where many places want the same.
import { expect, test } from 'vitest';
import { PlaceTurns } from '../../src/http/transport/place-turns.ts';

function turnsOf(...items: readonly string[]) {
  const turns = new PlaceTurns<string>();
  for (const item of items) {
    turns.add(placeOf(item), item);
  }
  return turns;
}

/** Items are called by their place and a number. */
const placeOf = (item: string) => item.slice(0, 1);

function takeAll(turns: PlaceTurns<string>): readonly (string | undefined)[] {
  const taken: (string | undefined)[] = [];
  do {
    taken.push(turns.take());
  } while (taken.at(-1) !== undefined);
  return taken.slice(0, -1);
}

test('places take turns, each with its oldest', () => {
  const turns = turnsOf('a1', 'a2', 'a3', 'b1', 'c1', 'c2');
  expect(takeAll(turns)).toEqual(['a1', 'b1', 'c1', 'a2', 'c2', 'a3']);
  turns.add('b', 'b2');
  expect(takeAll(turns)).toEqual(['b2']);
});

test('what is deleted is not taken, and what was taken counts until it is deleted', () => {
  const turns = turnsOf('a1', 'a2', 'b1');
  turns.delete('a', 'a1');
  turns.delete('a', 'a1');
  turns.delete('c', 'c1');
  expect(turns.size).toBe(2);
  expect(takeAll(turns)).toEqual(['a2', 'b1']);
  expect(turns.size).toBe(2);
  turns.delete('a', 'a2');
  turns.delete('b', 'b1');
  expect([turns.size, turns.oldestOfFullest()]).toEqual([0, undefined]);
});

test('the oldest of the place with most makes room, whether it waits or not', () => {
  const turns = turnsOf('b1', 'a1', 'a2', 'c1');
  expect(turns.take()).toBe('b1');
  expect(turns.take()).toBe('a1');
  expect(turns.oldestOfFullest()).toBe('a1');
  turns.delete('a', 'a1');
  expect(turns.oldestOfFullest()).toBe('b1');
});
