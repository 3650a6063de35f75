// What a batch remembers between its runs.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { AgentPlace } from '../../../src/cli/batch/agents.ts';
import type { Attempt } from '../../../src/cli/batch/batch.ts';
import { parseConstraints } from '../../../src/cli/batch/constraints.ts';
import { Journal } from '../../../src/cli/batch/journal.ts';
import { readTaskFile } from '../../../src/cli/batch/task-file.ts';
import { parseAttributes } from '../../../src/model/attribute-text.ts';

const folder = mkdtempSync(join(tmpdir(), 'mesoscale-journal-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const tasks = (text: string, constraints = '') =>
  readTaskFile(text, {
    cpus: 1,
    mem: 32,
    role: '*',
    retries: 0,
    constraints: constraints === '' ? [] : parseConstraints(constraints),
  });

test('attempts and agents are found again, also by a run with other constraints', () => {
  const path = join(folder, 'first');
  const agent: AgentPlace = {
    agentId: 'a',
    hostname: 'h',
    attributes: parseAttributes('rack:r1;cores:[1-4];gen:2.5'),
  };
  const attempt: Attempt = {
    taskId: '1-t.1',
    index: 0,
    number: 1,
    agentId: 'a',
    agentAddress: '127.0.0.1:5051',
  };
  const first = new Journal(path, tasks('{"command":"x"}'));
  first.framework('f');
  first.begin([attempt], [agent]);
  first.close();
  const second = new Journal(path, tasks('{"command":"x"}', 'rack:UNIQUE'));
  expect(second).toMatchObject({ frameworkId: 'f', attempts: [attempt], agents: [agent] });
  second.close();
});

test('other tasks are refused', () => {
  const path = join(folder, 'second');
  new Journal(path, tasks('{"command":"x"}')).close();
  expect(() => new Journal(path, tasks('{"command":"y"}'))).toThrow(
    'holds the results of other tasks',
  );
});
