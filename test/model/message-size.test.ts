import { expect, test } from 'vitest';
import { heldSize, messageSize } from '../../src/model/message-size.ts';

test('a message is as large as what its strings and bytes hold, and a few bytes for all else', () => {
  const message = { name: 'x'.repeat(100), uuid: new Uint8Array(16), state: 1, none: undefined };
  expect(messageSize(message, 1_000)).toBe(8 + 100 + 16 + 8 + 8);
  expect(messageSize({ list: [message, { id: 'ab' }] }, 1_000)).toBe(8 + 8 + 140 + 10);
});

test('a text is as large as it is in UTF-8', () => {
  for (const text of ['aé水😀', 'aé水😀'.repeat(10_000)]) {
    const { length } = new TextEncoder().encode(text);
    expect(messageSize({ text }, 1_000_000)).toBe(8 + length);
  }
  expect(messageSize([''], 1_000)).toBe(8 + 2);
});

test('what is larger than asked for is not looked through', () => {
  const many = Array.from({ length: 1_000 }, () => ({ text: 'x'.repeat(10) }));
  const text = {
    get late(): string {
      throw new Error('looked at');
    },
  };
  expect(messageSize([...many, text], 500)).toBeGreaterThan(500);
});

test('what is held takes more than its bytes, by its messages and lists', () => {
  const message = { list: [{ id: 'ab' }, { id: '' }], uuid: new Uint8Array(16), state: 1 };
  const objects = 4;
  expect(heldSize(message, 1_000)).toBe(messageSize(message, 1_000) + 56 * objects);
  expect(heldSize({ list: Array.from({ length: 1_000 }, () => ({})) }, 500)).toBeGreaterThan(500);
});
