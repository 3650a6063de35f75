// Recorded histories of Apache Mesos's own allocator, a few of each family, through the oracle and
// the core.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import type { SchedulerCore } from '../../src/core/interface.ts';
import { oracle } from '../oracle/core.ts';
import { builtCore } from './built-core.ts';
import { firstDifference } from './replay.ts';
import { parseTrace } from './trace.ts';

const directory = fileURLToPath(new URL('traces', import.meta.url));
const histories = readdirSync(directory).map((name) => ({
  name,
  trace: parseTrace(readFileSync(`${directory}/${name}`, 'utf8')),
}));

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
});
