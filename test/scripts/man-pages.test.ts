// Manual pages have each command, verb and flag that the help has, and are understood by groff.
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { manualPages } from '../../scripts/man-pages.ts';
import { ownFlags, sharedFlags, spellings, usageOf } from '../../scripts/verb-words.ts';
import { allCommands } from '../../src/cli/commands.ts';
import { flagEntries } from '../../src/cli/flags/print.ts';
import { allNouns } from '../../src/cli/operate/nouns.ts';

const commands = await allCommands();
const nouns = await allNouns();
const pages = new Map(
  manualPages({ commands, nouns }, { version: '0.1.0', date: '2026-11-30' }).map(
    ({ name, text }) => [name, text],
  ),
);

/** As a terminal of so many columns shows it: no word of these is divided. */
function shown(page: string) {
  const { stdout, stderr } = spawnSync(
    'groff',
    ['-man', '-ww', '-Tascii', '-Kutf8', '-P-c', '-rLL=2000n', '-rHY=0'],
    { input: page, encoding: 'utf8' },
  );
  // biome-ignore lint/suspicious/noControlCharactersInRegex: how terminals were told what is bold.
  return { text: stdout.replaceAll(/.\x08/g, ''), warnings: stderr };
}

test.each(commands)('the page of $name has all that its help has', (command) => {
  const { name, mesosName } = command;
  const section = name === 'master' || name === 'agent' ? 8 : 1;
  const page = pages.get(`${mesosName ?? `mesoscale-${name}`}.${section}`) ?? '';
  const { text, warnings } = shown(page);
  expect(warnings).toBe('');
  expect(text).toContain(command.summary);
  for (const { heads } of flagEntries(command.flags)) {
    expect(text).toContain(heads[0]?.replaceAll('…', '...'));
  }
});

test.each(nouns)('the page of $name has all verbs and their flags', ({ name, verbs }) => {
  const { text, warnings } = shown(pages.get(`mesoscale-${name}.1`) ?? '');
  expect(warnings).toBe('');
  for (const verb of verbs) {
    expect(text).toContain(usageOf(name, verb).replaceAll('…', '...'));
    for (const [flag, each] of [...ownFlags(verb), ...sharedFlags]) {
      expect(text).toContain(spellings(flag, each).join(', ').replaceAll('…', '...'));
    }
  }
});

test('other names lead to the same page, and one page has all commands', () => {
  expect(pages.get('mesos-slave.8')).toBe('.so man8/mesos-agent.8\n');
  expect(pages.get('mesoscale-execute.1')).toBe('.so man1/mesos-execute.1\n');
  const { text, warnings } = shown(pages.get('mesoscale.1') ?? '');
  expect(warnings).toBe('');
  for (const { name } of [...commands, ...nouns]) {
    expect(text).toContain(`mesoscale ${name}`);
  }
});
