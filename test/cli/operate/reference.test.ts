import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { wordsOfLine } from '../../../src/cli/operate/completion/bash.ts';
import { allNouns, NOUN_NAMES } from '../../../src/cli/operate/nouns.ts';
import { commandOf } from '../../../src/cli/operate/program.ts';
import { commandReference } from '../../../src/cli/operate/reference.ts';
import { root } from '../../support/sources.ts';

test('docs/commands.md is current', async () => {
  expect(
    readFileSync(join(root, 'docs', 'commands.md'), 'utf8'),
    'run `npm run docs:pages` to write the page again',
  ).toBe(commandReference(await allNouns()));
});

test('each noun has the name under which it is found, and each verb an example of its own', async () => {
  const nouns = await allNouns();
  expect(nouns.map(({ name }) => name)).toEqual(NOUN_NAMES);
  for (const { name, verbs } of nouns) {
    for (const verb of verbs) {
      const words = [name, ...(verb.name === undefined ? [] : [verb.name])].join(' ');
      expect(verb.examples.length, words).toBeGreaterThan(0);
      for (const { line } of verb.examples) {
        expect(line.startsWith(words), line).toBe(true);
      }
    }
  }
});

test('each example is understood by its verb, flags and all', async () => {
  for (const noun of await allNouns()) {
    for (const verb of noun.verbs) {
      for (const { line } of verb.examples) {
        // Without what the shell does with it.
        const [typed = ''] = line.split(/ (?:[|&]|\d?[<>])/);
        const [, ...words] = wordsOfLine(`mesoscale ${typed}`);
        let found: unknown;
        const command = commandOf(noun, async (asked) => {
          found = asked.name;
        });
        await command.parseAsync(words, { from: 'user' });
        expect(found, line).toBe(verb.name);
      }
    }
  }
});
