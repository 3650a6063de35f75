import { expect, test } from 'vitest';
import { flagsAfterVerb, leadingFlags } from '../../../src/cli/operate/leading-flags.ts';
import { NOUN } from '../../../src/cli/operate/task/noun.ts';

const after = (line: string) => flagsAfterVerb(NOUN.verbs, line.split(' ')).join(' ');

test('flags about the connection may stand before the verb, with their values', () => {
  expect(after('--master=m:1 list -o name')).toBe('list --master=m:1 -o name');
  expect(after('--context here --ssl_enabled list')).toBe('list --context here --ssl_enabled');
  expect(after('-m m:1 files ls web')).toBe('files ls -m m:1 web');
});

test('what belongs to a command that is passed on stays behind its task', () => {
  expect(after('--master m:1 exec -it web ls --master')).toBe(
    'exec --master m:1 -it web ls --master',
  );
});

test('other flags are where they are', () => {
  expect(after('--work_dir=x list')).toBe('--work_dir=x list');
  expect(leadingFlags(['list', '--master=m'])).toEqual({ flags: [], rest: ['list', '--master=m'] });
});
