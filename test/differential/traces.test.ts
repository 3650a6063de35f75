// Recorded histories of Apache Mesos's own allocator, a few of each family, run through oracle and
// core.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import type { SchedulerCore } from '../../src/core/interface.ts';
import { oracle } from '../oracle/core.ts';
import { builtCore } from './built-core.ts';
import { firstDifference } from './replay.ts';
import { parseTrace } from './trace.ts';

const own = fileURLToPath(new URL('traces', import.meta.url));
/** All recorded histories, if the machine has them beside the checkout. */
const shared = fileURLToPath(new URL('../../../shared/data/allocator-traces', import.meta.url));

const read = (directory: string) => (name: string) => ({
  name,
  trace: parseTrace(readFileSync(`${directory}/${name}`, 'utf8')),
});
const histories = readdirSync(own).map(read(own));
const families = Map.groupBy(
  existsSync(shared) ? readdirSync(shared).filter((name) => name.endsWith('.jsonl')) : [],
  (name) => name.replace(/-\d+\.jsonl$/, ''),
);

test.each(histories)('the oracle decides $name as recorded', ({ trace }) => {
  expect(firstDifference(oracle, trace)).toBeUndefined();
});

describe('the core', () => {
  let core: SchedulerCore;
  beforeAll(async () => {
    core = await builtCore();
  });

  test.each(histories)('decides $name as recorded', ({ trace }) => {
    expect(firstDifference(core, trace)).toBeUndefined();
  });

  test.each([...families])('decides every shared history of %s as recorded', (_, names) => {
    const differing = names
      .map(read(shared))
      .filter(({ trace }) => firstDifference(core, trace) !== undefined);
    expect(differing.map(({ name }) => name)).toEqual([]);
  });
});
