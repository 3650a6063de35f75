// Formats asm/ with Biome, with braces and sorted imports like all other code. Biome does not
// accept decorators on functions and constants, so it gets a copy in which `@inline`, always on a
// line of its own, is a comment. `--check` only lists the files that are not formatted.
import { spawnSync } from 'node:child_process';
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const root = dirname(import.meta.dirname);
const isCheck = process.argv.includes('--check');

/** The lint rules for the core. The others are for JavaScript, where `==` is not exact. */
const LINTER = {
  enabled: true,
  rules: {
    preset: 'none',
    style: { useBlockStatements: { level: 'error', fix: 'safe' } },
    correctness: { noUnusedImports: { level: 'error', fix: 'safe' } },
  },
};

const withoutDecorators = (text: string) => text.replaceAll(/^@inline$/gm, '// @inline');
const withDecorators = (text: string) => text.replaceAll(/^\/\/ @inline$/gm, '@inline');

const folder = mkdtempSync(join(tmpdir(), 'mesoscale-core-format-'));
try {
  const { formatter, javascript, assist } = JSON.parse(
    readFileSync(join(root, 'biome.json'), 'utf8'),
  );
  writeFileSync(
    join(folder, 'biome.json'),
    JSON.stringify({ formatter, javascript, assist, linter: LINTER }),
  );
  const files = globSync('asm/**/*.ts', { cwd: root }).toSorted();
  for (const file of files) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), withoutDecorators(readFileSync(join(root, file), 'utf8')));
  }
  const biome = join(root, 'node_modules', '@biomejs', 'biome', 'bin', 'biome');
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [biome, 'check', '--write', '--colors=off', 'asm'],
    { cwd: folder, encoding: 'utf8' },
  );
  if (status !== 0) {
    console.error(`${stdout}${stderr}`);
    process.exitCode = 1;
  }
  const changed = files.filter((file) => {
    const before = readFileSync(join(root, file), 'utf8');
    const after = withDecorators(readFileSync(join(folder, file), 'utf8'));
    if (before !== after && !isCheck) {
      writeFileSync(join(root, file), after);
    }
    return before !== after;
  });
  if (isCheck && changed.length > 0) {
    console.error(`Not formatted (npm run format): ${changed.join(', ')}`);
    process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true });
}
