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

test('places take turns, each with its newest', () => {
  const turns = turnsOf('a1', 'a2', 'a3', 'b1', 'c1', 'c2');
  expect(takeAll(turns)).toEqual(['a3', 'b1', 'c2', 'a2', 'c1', 'a1']);
  turns.add('b', 'b2');
  expect(takeAll(turns)).toEqual(['b2']);
});

test('what is deleted is not taken, and what was taken counts until it is deleted', () => {
  const turns = turnsOf('a1', 'a2', 'a3', 'b1');
  turns.delete('a', 'a1');
  turns.delete('a', 'a3');
  turns.delete('a', 'a3');
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
  expect(turns.take()).toBe('a2');
  expect(turns.oldestOfFullest()).toBe('a1');
  turns.delete('a', 'a1');
  expect(turns.oldestOfFullest()).toBe('b1');
});

test('those that go before their turn leave nothing behind', () => {
  const numbers = Array.from({ length: 1_000 }, (_, i) => `a${i}`);
  const turns = turnsOf('a', ...numbers);
  for (const item of numbers) {
    turns.delete('a', item);
    expect(turns.size).toBe(1_000 - Number(item.slice(1)));
  }
  turns.add('a', 'new');
  expect(takeAll(turns)).toEqual(['new', 'a']);
});
