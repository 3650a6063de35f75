// Who may import whom, as the table of ARCHITECTURE.md says.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { importsOf, root, type Source, sources } from '../support/sources.ts';

interface Rule {
  /** Rooms and single files that may be imported. */
  readonly from: readonly string[];
  /** Rooms and single files of which only types may be imported. */
  readonly types: readonly string[];
  /** Packages and node: modules; undefined means any. */
  readonly packages: readonly string[] | undefined;
}

const PAGE = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8');
/** The files of the state machines that the rooms around them know. */
const FACES = [...(/in the files (.+) only\./.exec(PAGE)?.[1] ?? '').matchAll(/`(\w+)`/g)].map(
  ([, name]) => name,
);

const named = (cell: string) => cell.split(', ').filter((name) => name !== '');

/**
 * `model` is a room, `wire/v0-json/` a folder of a room, `core/interface` a file in a room,
 * `asm/constants` one in another folder.
 */
function pathOf(name: string): string {
  const path = name.startsWith('asm/') ? name : `src/${name}`;
  return name.endsWith('/') ? path : name.includes('/') ? `${path}.ts` : `${path}/`;
}

const importable = (cell: string) =>
  cell === 'everything' ? ['src/', 'asm/'] : cell === 'nothing' ? [] : named(cell).map(pathOf);

const typesIn = (cell: string) =>
  named(cell).flatMap((name) =>
    name === 'master' || name === 'agent'
      ? FACES.map((face) => pathOf(`${name}/${face}`))
      : pathOf(name),
  );

const RULES: ReadonlyMap<string, Rule> = new Map(
  PAGE.split('| room | imports | types only | packages |\n| --- | --- | --- | --- |\n')[1]
    ?.split('\n\n', 1)[0]
    ?.split('\n')
    .map((row) => row.split('|').map((cell) => cell.trim()))
    .map(([, room = '', imports = '', types = '', packages = '']) => [
      room,
      {
        from: importable(imports),
        types: typesIn(types),
        packages: packages === 'any' ? undefined : packages === 'none' ? [] : named(packages),
      },
    ]),
);

function problems(source: Source): string[] {
  const room = source.path.split('/')[1] ?? '';
  if (room.endsWith('.ts')) {
    return [];
  }
  const rule = RULES.get(room);
  if (rule === undefined) {
    return [`${source.path}: src/${room} is no room of the house`];
  }
  return importsOf(source)
    .filter(({ target, typeOnly }) => {
      if (target.startsWith(`src/${room}/`)) {
        return false;
      }
      if (!/^(src|asm|test|bench|scripts)\//.test(target)) {
        return rule.packages !== undefined && !rule.packages.includes(target);
      }
      const may = [...rule.from, ...(typeOnly ? rule.types : [])];
      return !may.some((prefix) => target.startsWith(prefix));
    })
    .map(({ target }) => `${source.path} must not import ${target}`);
}

test('every import keeps to the rules of the rooms', () => {
  expect(
    sources('src/**/*.{ts,tsx}').flatMap(problems),
    'A room imports what its row allows, packages and node: modules included (ARCHITECTURE.md, ' +
      'the table below "Who may import whom")',
  ).toEqual([]);
});

/** What a plan is given of images. */
const PLAN_TYPES = /^src\/containerizer\/images\/(?:image|provisioner)\.ts$/;

/** Plans are computed: they know of the world only what they are given. */
const PLAN =
  /^(?:node:path$|src\/model\/|src\/containerizer\/(?:plan\/|(?:containerizer-error|container-end|limitation)\.ts$))/;

const planProblems = (source: Source) =>
  importsOf(source)
    .filter(({ target, typeOnly }) => !PLAN.test(target) && !(typeOnly && PLAN_TYPES.test(target)))
    .map(({ target }) => `${source.path} must not import ${target}`);

test('containers are planned without a look at the world', () => {
  expect(
    sources('src/containerizer/{plan/*,tree}.ts').flatMap(planProblems),
    'Plans and the tree are computed, and know the world only as told: they import node:path and ' +
      'src/model/ (ARCHITECTURE.md, below the table of rooms; PLAN in this test)',
  ).toEqual([]);
});

test('the test itself sees what it should see', () => {
  const bad = (path: string, text: string) => problems({ path, text });
  const plan = (text: string) => planProblems({ path: 'src/containerizer/plan/a.ts', text });
  expect(plan("import { statSync } from 'node:fs';")).toHaveLength(1);
  expect(plan("import type { Provisioner } from '../images/provisioner.ts';")).toEqual([]);
  expect(plan("import { Provisioner } from '../images/provisioner.ts';")).toHaveLength(1);
  expect(plan("import { kill } from '../host/process-table.ts';")).toHaveLength(1);
  expect(plan("import { join } from 'node:path';")).toEqual([]);
  expect(bad('src/master/a.ts', "import { x } from 'node:fs';")).toHaveLength(1);
  expect(bad('src/master/a.ts', "import { x } from '../agent/step.ts';")).toHaveLength(1);
  expect(bad('src/http/a.ts', "import type { E } from '../master/effects.ts';")).toEqual([]);
  expect(bad('src/http/a.ts', "import { e } from '../master/effects.ts';")).toHaveLength(1);
  expect(bad('src/agent/a.ts', "import { x } from '../wire/v0-json/tasks.ts';")).toEqual([]);
  expect(bad('src/agent/a.ts', "import { x } from '../wire/json.ts';")).toHaveLength(1);
  expect(bad('src/cli/a.ts', "import { x } from '../../test/support/sources.ts';")).toHaveLength(1);
  expect(bad('src/executor/a.ts', "import type { E } from '../agent/effects.ts';")).toEqual([]);
  expect(bad('src/executor/a.ts', "import type { S } from '../agent/state.ts';")).toHaveLength(1);
  expect(bad('src/core/a.ts', "import { x } from '../../asm/constants.ts';")).toEqual([]);
  expect(bad('src/core/a.ts', "import { x } from '../../asm/rows.ts';")).toHaveLength(1);
  expect(bad('src/cli/a.ts', "import { x } from '../master/master.ts';")).toEqual([]);
  expect(bad('src/attic/a.ts', '')).toHaveLength(1);
  expect(bad('src/wire/a.ts', "const m = await import('fastify');")).toHaveLength(1);
  expect(bad('src/wire/a.ts', "export {\n  a,\n  b,\n} from '../http/x.ts';")).toHaveLength(1);
});
