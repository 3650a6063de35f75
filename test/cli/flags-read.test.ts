// A flag whose status says that it works is read, and what it sets is read by the machine that gets
// it. (That no other flag is read is what the types say: FlagValues does not have its value.)
import { expect, test } from 'vitest';
import { allCommands, allScripts } from '../../src/cli/commands.ts';
import { codeOf, type Source, sources } from '../support/sources.ts';

const files = sources('src/cli/**/*.ts').filter(({ path }) => !/\/(?:\w+-)?flags\.ts$/.test(path));
/** Folders of src/cli/ that several commands share. */
const SHARED = ['process', 'framework', 'scripts'];

/** Of `object`: `object.name`, and `{ name, other: renamed } = object`. */
function namesRead(code: string, object: string): string[] {
  const taken = new RegExp(
    `\\{([^{}]*)\\}(?:\\s*:[^=;{}]*)?\\s*=\\s*(?:\\w+\\.)*${object}\\b`,
    'g',
  );
  const asked = new RegExp(`\\b${object}\\??\\.(\\w+)`, 'g');
  return [
    ...[...code.matchAll(asked)].map(([, name]) => name ?? ''),
    ...[...code.matchAll(taken)].flatMap(([, names = '']) =>
      names.split(',').map((name) => name.replace(/[:=].*/s, '').trim()),
    ),
  ];
}

const readBy = (read: readonly Source[], ...objects: string[]) =>
  new Set(read.flatMap((file) => objects.flatMap((object) => namesRead(codeOf(file), object))));

test('a flag that works is read by its command', async () => {
  const unread = [...(await allCommands()), ...(await allScripts())].flatMap(
    ({ name: command, flags }) => {
      const own = files.filter(({ path }) => {
        const [, , folder = '', ...below] = path.split('/');
        return below.length === 0 || folder === command || SHARED.includes(folder);
      });
      const read = readBy(own, 'values', 'flags');
      // connectionSource looks for it before there are values: see operate/source.test.ts.
      read.add('context');
      return Object.entries(flags)
        .filter(([name, { status }]) => ['works', 'partial'].includes(status) && !read.has(name))
        .map(([name]) => `${command} --${name}`);
    },
  );
  expect(
    unread,
    'A flag of status works or partial is read: a file in the folder of its command says ' +
      '`values.NAME` (or `flags.NAME`). One that nothing reads yet is `planned`',
  ).toEqual([]);
});

test.each(['master', 'agent'])('the %s reads the options that it is given', (room) => {
  const path = `src/${room}/options.ts`;
  const fields = sources(path).flatMap((file) =>
    [...codeOf(file).matchAll(/^ {2}readonly (\w+)/gm)].map(([, name]) => name ?? ''),
  );
  const machine = sources(`src/${room}/**/*.ts`).filter((file) => file.path !== path);
  const read = readBy([...machine, ...files], 'options');
  expect(fields.length).toBeGreaterThan(20);
  expect(
    fields.filter((field) => !read.has(field)),
    `A field of ${path} is read by the machine or its command, as \`options.NAME\``,
  ).toEqual([]);
});

test('reads are seen where they are, and nowhere else', () => {
  const code = `
    const { ip = ANY, port: first } = parsed.values;
    run(values.work_dir, flags?.quiet, others.role);
    const { zone }: Placed = place;`;
  expect(namesRead(code, 'values').toSorted()).toEqual(['ip', 'port', 'work_dir']);
  expect(namesRead(code, 'flags')).toEqual(['quiet']);
});
