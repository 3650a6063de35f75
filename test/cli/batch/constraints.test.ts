// Constraints in Marathon's words: which are understood, and the errors for all others.
import { describe, expect, test } from 'vitest';
import {
  ConstraintError,
  joined,
  parseConstraints,
  readConstraints,
} from '../../../src/cli/batch/constraints.ts';

const placements = (constraints: ReturnType<typeof readConstraints>) =>
  constraints.map(({ placement }) => placement);

test.each([
  ['hostname:UNIQUE', { type: 'unique', attribute: '@hostname', group: 'hostname:UNIQUE' }],
  ['rack:GROUP_BY', { type: 'groupBy', attribute: 'rack', group: 'rack:GROUP_BY' }],
  ['@zone:MAX_PER:2', { type: 'maxPer', attribute: '@zone', count: 2, group: '@zone:MAX_PER:2' }],
  ['rack:LIKE:rack-[1-3]', { type: 'matches', attribute: 'rack', pattern: 'rack-[1-3]' }],
  ['hostname:UNLIKE:a:80|b', { type: 'unlike', attribute: '@hostname', pattern: 'a:80|b' }],
  ['zone:IS:a', { type: 'equals', attribute: 'zone', value: 'a' }],
  [' zone : CLUSTER : a b ', { type: 'equals', attribute: 'zone', value: 'a b' }],
])('%s', (text, placement) => {
  expect(placements(parseConstraints(text))).toEqual([placement]);
});

test('several constraints in one text, a list of texts, and lists of Marathon mean the same', () => {
  const lists = [
    ['rack', 'LIKE', 'r;1'],
    ['hostname', 'UNIQUE'],
    ['zone', 'MAX_PER', 2],
  ];
  const texts = ['rack:LIKE:r;1', 'hostname:UNIQUE', 'zone:MAX_PER:2'];
  expect(readConstraints(lists)).toEqual(readConstraints(texts));
  expect(readConstraints(JSON.stringify(lists))).toEqual(readConstraints(texts));
  expect(readConstraints('hostname:UNIQUE; zone:MAX_PER:2')).toEqual(
    readConstraints(texts.slice(1)),
  );
  expect(readConstraints([])).toEqual([]);
});

test('a constraint that is given for all tasks and for one counts once', () => {
  const texts = joined(
    parseConstraints('hostname:UNIQUE;rack:IS:a'),
    parseConstraints('zone:IS:b;hostname : UNIQUE'),
  ).map(({ text }) => text);
  expect(texts).toEqual(['hostname:UNIQUE', 'rack:IS:a', 'zone:IS:b']);
});

describe('a fault is named', () => {
  const SHAPE = 'must be ATTRIBUTE:OPERATOR[:VALUE], such as rack:LIKE:rack-[1-3]';
  const LIST = 'must be a list of constraints, such as [["rack", "LIKE", "rack-[1-3]"]]';
  const OPERATORS = 'must have one of the operators UNIQUE, CLUSTER, IS, GROUP_BY, LIKE, UNLIKE,';
  test.each([
    ['', SHAPE],
    ['rack', SHAPE],
    [':UNIQUE', SHAPE],
    ['rack:IS:a;', SHAPE],
    ['rack:LIKES:a', OPERATORS],
    ['rack:like:a', OPERATORS],
    ['rack:toString:a', OPERATORS],
    ['rack:LIKE', 'must give LIKE a regular expression'],
    ['rack:UNLIKE:rack-[1', 'must give UNLIKE a regular expression'],
    ['rack:IS:', 'must give IS a value'],
    ['rack:CLUSTER', 'must give CLUSTER a value'],
    ['hostname:UNIQUE:1', 'must give UNIQUE no value'],
    ['rack:GROUP_BY:3', 'must give GROUP_BY no value'],
    ['zone:MAX_PER', 'must give MAX_PER a whole number from 1 on'],
    ['zone:MAX_PER:0', 'must give MAX_PER a whole number from 1 on'],
    ['zone:MAX_PER:1.5', 'must give MAX_PER a whole number from 1 on'],
    ['[["rack"', LIST],
    [{ rack: 'IS' }, LIST],
    [7, LIST],
    [[{ rack: 'IS' }], LIST],
    [[['rack', 'IS', null]], LIST],
    [[['rack', 'IS', 'a', 'b']], SHAPE],
    [['rack', 'LIKE', 'r1'], SHAPE],
  ])('%j', (value, message) => {
    const read = () => readConstraints(value);
    expect(read).toThrow(ConstraintError);
    expect(read).toThrow(message);
  });
});
