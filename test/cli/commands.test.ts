import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { allCommands, allScripts } from '../../src/cli/commands.ts';
import { root } from '../support/sources.ts';

const NAME = 'mesoscale';

test('each program of bin/ runs the command that says so, and is installed', async () => {
  const { bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const commands = [...(await allCommands()), ...(await allScripts())];
  const programs = [
    ...commands.flatMap(({ name, mesosName }) =>
      mesosName === undefined ? [] : [[mesosName, name] as const],
    ),
    ['mesos-slave', 'agent'] as const,
  ];
  expect(programs.length).toBeGreaterThan(0);
  for (const [program, command] of programs) {
    expect(readFileSync(join(root, 'bin', program), 'utf8')).toMatch(
      new RegExp(`^exec "\\$\\(dirname [^\\n]*\\)/${NAME}" ${command} "\\$@"$`, 'm'),
    );
  }
  const expected = [NAME, ...programs.map(([program]) => program)].toSorted();
  expect(readdirSync(join(root, 'bin')).toSorted()).toEqual(expected);
  expect(bin).toEqual(Object.fromEntries(expected.map((program) => [program, `bin/${program}`])));
});
