// `npm run check`: types, format and lint, and the house rules (imports, purity, names, current
// docs). What has not changed since it passed is not looked at again: the compiler keeps what it
// has found, and the format has a record like a product's.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { formatOfFiles, staleness } from './products.mjs';

const FORMAT = 'format and lint';
const root = dirname(import.meta.dirname);
const modules = (path: string) => join(root, 'node_modules', path);

const typesOf = (project: string, record: string) => [
  modules('typescript/bin/tsc'),
  ...['-p', project, '--incremental', '--tsBuildInfoFile', join(root, 'build', record)],
];
const format = formatOfFiles();
const formatPassed = format === undefined ? () => {} : staleness(format);

const steps: readonly (readonly [name: string, ...command: string[]])[] = [
  ['types', ...typesOf('.', 'types.tsbuildinfo')],
  ['types of the page', ...typesOf('src/webui', 'webui-types.tsbuildinfo')],
  ...(formatPassed === undefined
    ? []
    : [[FORMAT, modules('@biomejs/biome/bin/biome'), 'ci', '--colors=off', '.'] as const]),
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

/** The output comes when the step has ended: steps run side by side. */
async function passes([name, ...command]: (typeof steps)[number]): Promise<boolean> {
  const child = spawn(process.execPath, command, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => output.push(chunk));
  }
  const [status] = (await once(child, 'close')) as [number | null];
  process.stderr.write(Buffer.concat(output));
  console.error(status === 0 ? `ok: ${name}` : `FAILED: ${name}`);
  if (status === 0 && name === FORMAT) {
    formatPassed?.();
  }
  return status === 0;
}

if (formatPassed === undefined) {
  console.error(`ok: ${FORMAT}, unchanged since it passed`);
}
const passed = await Promise.all(steps.map(passes));
process.exitCode = passed.every(Boolean) ? 0 : 1;
