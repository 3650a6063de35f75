// The main use on real input: the checksums of hundreds of files, a task for each, equal those
// computed here.
import { createHash } from 'node:crypto';
import { globSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ResultLine } from '../../src/cli/batch/journal.ts';
import { TestCluster } from '../support/cluster.ts';
import { root } from '../support/sources.ts';

const cluster = new TestCluster();
beforeAll(() => cluster.start());
afterAll(() => cluster.stop());

const COUNT = 300;

test('a batch computes hundreds of checksums', async () => {
  const files = globSync('node_modules/**/*.{js,ts,json,md}', { cwd: root })
    .map((path) => join(root, path))
    .filter((path) => statSync(path).isFile())
    .toSorted()
    .slice(0, COUNT);
  expect(files).toHaveLength(COUNT);
  const batch = join(cluster.folder, 'checksums.jsonl');
  const lines = files.map((path, n) =>
    JSON.stringify({ name: `file-${n}`, command: `sha256sum '${path}'` }),
  );
  writeFileSync(batch, lines.join('\n'));
  const program = cluster.run(
    ['batch', batch, `--master=${cluster.address}`, '--cpus=0.1', '--mem=16'],
    'batch.log',
  );
  expect(await program.ended()).toBe(0);
  const results = readFileSync(`${batch}.results/results.jsonl`, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as ResultLine);
  expect(results).toHaveLength(COUNT);
  expect(results.filter(({ stdout }) => stdout === null)).toEqual([]);
  for (const { number, stdout } of results) {
    const path = files[number - 1] ?? '';
    const direct = createHash('sha256').update(readFileSync(path)).digest('hex');
    const printed = readFileSync(join(`${batch}.results`, stdout ?? ''), 'utf8');
    expect(printed).toBe(`${direct}  ${path}\n`);
  }
});
