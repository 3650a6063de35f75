// A value is exported because another file uses it. If only its own file did, readers would search
// for users that do not exist; if none did, it could go.
import { expect, test } from 'vitest';
import { codeOf, type Source, sources } from '../support/sources.ts';

/** The package's public modules: their users are other programs. */
const PUBLIC = new Set(['src/index.ts', 'src/core.ts']);

const EXPORTED = /^export (?:async )?(?:const|let|class|function\*?|enum) ([\w$]+)/gm;

function unusedExports(files: readonly Source[]): string[] {
  const users = new Map<string, Set<string>>();
  const texts = files.map((file) => ({ path: file.path, code: codeOf(file) }));
  for (const { path, code } of texts) {
    for (const [name] of code.matchAll(/[\w$]+/g)) {
      users.set(name, (users.get(name) ?? new Set()).add(path));
    }
  }
  return texts
    .filter(({ path }) => path.startsWith('src/') && !PUBLIC.has(path))
    .flatMap(({ path, code }) =>
      [...code.matchAll(EXPORTED)]
        .map(([, name = '']) => name)
        .filter((name) => [...(users.get(name) ?? [])].every((user) => user === path))
        .map((name) => `${path}: ${name}`),
    );
}

test('what is exported is used elsewhere', () => {
  expect(
    unusedExports(sources('{src,test,bench,scripts}/**/*.{ts,tsx,mjs}')),
    'What only its own file uses is not exported (CONTRIBUTING.md, Handing in); what the package ' +
      'exports is in a file of PUBLIC in this test',
  ).toEqual([]);
});

test('an export that nothing else uses is found', () => {
  const files = [
    { path: 'src/a.ts', text: 'export const one = 1;\nexport const two = one;' },
    { path: 'src/b.ts', text: "import { two } from './a.ts';\n// one\n" },
  ];
  expect(unusedExports(files)).toEqual(['src/a.ts: one']);
});
