import { expect, test } from 'vitest';
import { named } from '../../../src/cli/operate/connection/named.ts';

const things = [
  { id: 'a1-S0', host: 'web' },
  { id: 'a1-S1', host: 'db' },
  { id: 'b2-S0', host: 'a1' },
  { id: 'b2-S01', host: 'db' },
];
const found = (text: string) =>
  named(things, text, {
    kind: 'agent',
    idOf: ({ id }) => id,
    namesOf: ({ host }) => [host],
    list: 'mesoscale agent list',
  }).id;

test('by id, by the beginning of it, and by name', () => {
  expect(found('a1-S1')).toBe('a1-S1');
  expect(found('b2-S0')).toBe('b2-S0');
  expect(found('b2-S01')).toBe('b2-S01');
  expect(found('web')).toBe('a1-S0');
});

test('by the last part of an id', () => {
  expect(found('S1')).toBe('a1-S1');
  expect(() => found('S0')).toThrow("'S0' means more than one agent: a1-S0, b2-S0");
});

test('a whole name wins over the beginning of an id', () => {
  expect(found('a1')).toBe('b2-S0');
});

test('what means several says which', () => {
  expect(() => found('a1-')).toThrow(
    "'a1-' means more than one agent: a1-S0, a1-S1; say more of the id",
  );
  expect(() => found('db')).toThrow("'db' means more than one agent: a1-S1, b2-S01");
});

test('what means none says where to look', () => {
  expect(() => found('wbe')).toThrow(
    "no agent 'wbe' (did you mean web?): mesoscale agent list shows them",
  );
  expect(() => found('')).toThrow("no agent ''");
});
