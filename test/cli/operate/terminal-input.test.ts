import { expect, test } from 'vitest';
import { KeySequence } from '../../../src/cli/operate/task/terminal-input.ts';

const keys = () => new KeySequence(Buffer.from('pq'));
const typed = (sequence: KeySequence, ...pieces: string[]) =>
  pieces.map((piece) => sequence.take(Buffer.from(piece))?.toString());

test('keys that leave are found in any pieces, and nothing of them is passed on', () => {
  expect(typed(keys(), 'apq')).toEqual([undefined]);
  expect(typed(keys(), 'ab', 'p', 'q')).toEqual(['ab', '', undefined]);
});

test('what only begins like them is passed on', () => {
  expect(typed(keys(), 'p', 'x', 'ppx', 'qp')).toEqual(['', 'px', 'ppx', 'q']);
});
