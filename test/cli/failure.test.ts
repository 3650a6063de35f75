// The last words of a command that failed.
import { expect, test } from 'vitest';
import { lastWords } from '../../src/cli/failure.ts';

test('each line names the command', () => {
  expect(lastWords('agent', 'one\ntwo')).toBe('mesoscale agent: one\nmesoscale agent: two\n');
});

test('what a terminal would obey is escaped', () => {
  expect(lastWords('agent', "got '\u0000\u001b[2Jä\r'")).toBe(
    "mesoscale agent: got '\\u0000\\u001b[2Jä\\u000d'\n",
  );
  expect(lastWords('agent', 'a\u202eb\u200b\ud800')).toBe(
    'mesoscale agent: a\\u202eb\\u200b\\ud800\n',
  );
});

test('an error that quotes a large file is short', () => {
  const text = lastWords('agent', `got '${'\0'.repeat(3_000_000)}'`);
  expect(text.length).toBeLessThan(13_000);
  expect(text).toMatch(/… \(cut\)\n$/);
});

test('further lines are counted', () => {
  const lines = lastWords('agent', 'wrong\n'.repeat(5_000).trimEnd()).split('\n');
  expect(lines).toHaveLength(102);
  expect(lines[100]).toBe('mesoscale agent: and 4900 more lines');
});
