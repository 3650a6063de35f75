// `npm run check`: types, format and lint, and the house rules (imports, purity, names, current
// docs).
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';

const root = dirname(import.meta.dirname);
const modules = (path: string) => join(root, 'node_modules', path);

const steps: readonly (readonly [name: string, ...command: string[]])[] = [
  ['types', modules('typescript/bin/tsc'), '-p', '.'],
  ['format and lint', modules('@biomejs/biome/bin/biome'), 'ci', '--colors=off', '.'],
  ['format of the core', join(root, 'scripts', 'format-core.ts'), '--check'],
  // `npm test` runs these among all others.
  ...(process.argv.includes('--without-tests')
    ? []
    : [
        [
          'house rules',
          modules('vitest/vitest.mjs'),
          'run',
          'test/house',
          'test/cli/flags',
        ] as const,
      ]),
];

const failed = steps.filter(([name, ...command]) => {
  const { status } = spawnSync(process.execPath, command, { cwd: root, stdio: 'inherit' });
  console.error(status === 0 ? `ok: ${name}` : `FAILED: ${name}`);
  return status !== 0;
});
process.exitCode = failed.length === 0 ? 0 : 1;
