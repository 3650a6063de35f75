// What completion offers, by the tables of commands and nouns.
import { expect, test } from 'vitest';
import { allCommands } from '../../../src/cli/commands.ts';
import { wordsOfLine } from '../../../src/cli/operate/completion/bash.ts';
import { wantedAt } from '../../../src/cli/operate/completion/wanted.ts';
import { allNouns } from '../../../src/cli/operate/nouns.ts';

const tables = { nouns: await allNouns(), commands: await allCommands() };
/** `|` is the cursor. */
function at(line: string) {
  const words = wordsOfLine(line.replace(/\|.*/, ''));
  const current = words.at(-1) ?? '';
  const { offers, things, prefix, connection } = wantedAt(tables, words.slice(0, -1), current);
  const begun = offers
    .map(({ value }) => value)
    .filter((each) => `${prefix}${each}`.startsWith(current));
  return { offers: begun, things, prefix, connection };
}

test.each([
  ['mesoscale |', ['master', 'agent', 'plan', 'help']],
  ['mesoscale help |', ['agent', 'plan']],
  ['mesoscale plan |', ['drain', 'quota']],
  ['mesoscale help plan |', ['drain', 'quota']],
  ['mesoscale agent list --out|', ['--output']],
  ['mesoscale agent list --no|', ['--no-headers']],
  ['mesoscale agent list -o |', ['table', 'json']],
  ['mesoscale agent list --output=j|', ['json']],
  ['mesoscale agent --work|', ['--work_dir=']],
  ['mesoscale image |', ['pull', 'prune']],
])('%s is among %j', (line, expected) => {
  expect(at(line).offers).toEqual(expect.arrayContaining(expected));
});

test.each([
  ['mesoscale agent show |', 'agent'],
  ['mesoscale plan drain a b |', 'agent'],
  ['mesoscale plan changes --drain=a --remove-framework |', 'framework'],
  ['mesoscale plan quota eng -o json |', undefined],
  ['mesoscale explain --agent |', 'agent'],
  ['mesoscale explain --agent=x|', 'agent'],
  ['mesoscale explain -m h:5050 |', 'framework'],
  ['mesoscale context use |', 'context'],
  ['mesoscale batch |', 'file'],
  ['mesoscale master --work_dir=|', 'file'],
  ['mesoscale agent show x |', undefined],
])('%s: %s', (line, things) => {
  expect(at(line).things).toBe(things);
});

test('a flag is offered once, and those of TLS where they are begun', () => {
  expect(at('mesoscale agent list -o json --|').offers).not.toContain('--output');
  expect(at('mesoscale agent list --filter a=b --|').offers).toContain('--filter');
  expect(at('mesoscale agent list --|').offers.filter((each) => each.startsWith('--ssl'))).toEqual(
    [],
  );
  expect(at('mesoscale agent list --ssl|').offers.length).toBeGreaterThan(3);
});

test('the master that is named is asked', () => {
  expect(at('mesoscale agent show -m h:1 --principal=me |').connection).toEqual([
    '--master=h:1',
    '--principal=me',
  ]);
});

test.each([
  ['mesoscale a', ['a']],
  ['mesoscale agent ', ['agent', '']],
  ['X=1 /opt/bin/mesoscale   agent "a b', ['agent', 'a b']],
  ["mesoscale 'x y' z\\ w ", ['x y', 'z w', '']],
  ['mesoscale "" ', ['', '']],
])('%j is %j', (line, words) => {
  expect(wordsOfLine(line)).toEqual(words);
});
