// Who may import whom: the table of ARCHITECTURE.md, checked.
import { expect, test } from 'vitest';
import { importsOf, type Source, sources } from '../support/sources.ts';

interface Rule {
  /** Rooms (or single files) that may be imported. */
  readonly from: readonly string[];
  /** Rooms of which only types may be imported. */
  readonly types?: readonly string[];
  /** Packages and node: modules; absent means any. */
  readonly packages?: readonly string[];
}

const PURE = { packages: [] } as const;
const MACHINE_TYPES = (room: string) =>
  ['checkpoint', 'effects', 'events', 'options', 'views'].map((file) => `src/${room}/${file}.ts`);

const RULES: Readonly<Record<string, Rule>> = {
  model: { from: [], ...PURE },
  security: { from: ['src/model/'], ...PURE },
  wire: { from: ['src/model/'], ...PURE },
  // Regular expressions need an engine of linear time; this one is JavaScript and nothing else.
  core: { from: ['src/model/', 'asm/'], packages: ['re2js'] },
  master: { from: ['src/model/', 'src/security/', 'src/core/interface.ts'], ...PURE },
  agent: {
    from: ['src/model/', 'src/core/interface.ts'],
    types: ['src/security/'],
    ...PURE,
  },
  filesystem: { from: [] },
  coordination: { from: ['src/model/'] },
  registry: { from: ['src/model/', 'src/wire/', 'src/filesystem/'] },
  containerizer: {
    from: ['src/model/', 'src/wire/', 'src/filesystem/'],
    types: MACHINE_TYPES('agent'),
  },
  checkpoint: {
    from: ['src/model/', 'src/wire/', 'src/filesystem/'],
    types: MACHINE_TYPES('agent'),
  },
  executor: {
    from: ['src/model/', 'src/wire/', 'src/containerizer/'],
    types: MACHINE_TYPES('agent'),
  },
  'agent-driver': {
    from: [
      'src/model/',
      'src/wire/',
      'src/filesystem/',
      'src/checkpoint/',
      'src/containerizer/',
      'src/executor/',
    ],
    types: [...MACHINE_TYPES('agent'), 'src/runtime/pending-requests.ts'],
  },
  http: {
    // What is written to a connection in one turn of the loop leaves at once: servers own their
    // turn. So are the requests and streams that wait for the state machine.
    from: [
      'src/model/',
      'src/wire/',
      'src/security/',
      'src/filesystem/',
      'src/runtime/io-turn.ts',
      'src/runtime/pending-requests.ts',
    ],
    types: [...MACHINE_TYPES('master'), ...MACHINE_TYPES('agent'), 'src/runtime/'],
  },
  runtime: {
    from: ['src/model/', 'src/filesystem/'],
    types: [...MACHINE_TYPES('master'), ...MACHINE_TYPES('agent')],
  },
  webui: { from: [] },
  cli: { from: ['src/', 'asm/'] },
};

/**
 * Exceptions, each with its reason. `importer target`: the importer may import the target.
 */
const ALLOWED = new Map<string, string>([]);

function problems(source: Source): string[] {
  const room = source.path.split('/')[1] ?? '';
  if (room.endsWith('.ts')) {
    return [];
  }
  const rule = RULES[room];
  if (rule === undefined) {
    return [`${source.path}: src/${room} is no room of the house`];
  }
  return importsOf(source)
    .filter(({ target, typeOnly }) => {
      if (ALLOWED.has(`${source.path} ${target}`) || target.startsWith(`src/${room}/`)) {
        return false;
      }
      if (!/^(src|asm|test|bench|scripts)\//.test(target)) {
        return rule.packages !== undefined && !rule.packages.includes(target);
      }
      const may = [...rule.from, ...(typeOnly ? (rule.types ?? []) : [])];
      return !may.some((prefix) => target.startsWith(prefix));
    })
    .map(({ target }) => `${source.path} must not import ${target}`);
}

test('every import keeps to the rules of the rooms', () => {
  expect(sources('src/**/*.ts').flatMap(problems)).toEqual([]);
});

/** What a container becomes is computed: of the world it knows what it is handed. */
const PLAN = /^(?:node:path$|src\/model\/|src\/containerizer\/(?:plan\/|containerizer-error\.ts$))/;

const planProblems = (source: Source) =>
  importsOf(source)
    .filter(({ target }) => !PLAN.test(target))
    .map(({ target }) => `${source.path} must not import ${target}`);

test('containers are planned without a look at the world', () => {
  expect(sources('src/containerizer/plan/*.ts').flatMap(planProblems)).toEqual([]);
});

test('the test itself sees what it should see', () => {
  const bad = (path: string, text: string) => problems({ path, text });
  const plan = (text: string) => planProblems({ path: 'src/containerizer/plan/a.ts', text });
  expect(plan("import { statSync } from 'node:fs';")).toHaveLength(1);
  expect(plan("import { kill } from '../host/process-table.ts';")).toHaveLength(1);
  expect(plan("import { join } from 'node:path';")).toEqual([]);
  expect(bad('src/master/a.ts', "import { x } from 'node:fs';")).toHaveLength(1);
  expect(bad('src/master/a.ts', "import { x } from '../agent/step.ts';")).toHaveLength(1);
  expect(bad('src/agent/a.ts', "import type { P } from '../security/principal.ts';")).toEqual([]);
  expect(bad('src/agent/a.ts', "import { p } from '../security/acl.ts';")).toHaveLength(1);
  expect(bad('src/cli/a.ts', "import { x } from '../../test/support/sources.ts';")).toHaveLength(1);
  expect(bad('src/wire/a.ts', "const m = await import('fastify');")).toHaveLength(1);
  expect(bad('src/wire/a.ts', "export {\n  a,\n  b,\n} from '../http/x.ts';")).toHaveLength(1);
});
