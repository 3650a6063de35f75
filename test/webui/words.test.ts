// What the page says about tasks and names.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TaskState } from '../../src/model/generated/messages.ts';
import { plainName } from '../../src/webui/words/names.ts';
import { stateWords } from '../../src/webui/words/task-states.ts';

test('each state has words of its own, and so has one that is not known', () => {
  const texts = Object.values(TaskState).map((state) => stateWords(state).text);
  expect(new Set(texts).size).toBe(texts.length);
  expect(stateWords(99).text).toBe('Unknown');
});

test('names cannot hide, reorder or imitate', () => {
  expect(plainName('web-front')).toBe('web-front');
  expect(plainName('été 東京 שלום')).toBe('été 東京 שלום');
  expect(plainName('\u202egnp.exe')).toBe('‹202E›gnp.exe');
  expect(plainName('a\u200bb\u0000c\n')).toBe('a‹200B›b‹0000›c‹000A›');
  expect(plainName('x'.repeat(10_000))).toHaveLength(301);
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (name) => {
      expect(plainName(name)).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    }),
  );
});
