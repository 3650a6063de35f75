// What a batch remembers between its runs.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { AgentPlace } from '../../../src/cli/batch/agents.ts';
import type { Attempt } from '../../../src/cli/batch/batch.ts';
import { parseConstraints } from '../../../src/cli/batch/constraints.ts';
import { Journal, type Result } from '../../../src/cli/batch/journal.ts';
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

test('what a later version has written is refused as such', () => {
  const path = join(folder, 'later');
  new Journal(path, tasks('{"command":"x"}')).close();
  const file = join(path, 'journal.jsonl');
  writeFileSync(file, readFileSync(file, 'utf8').replace('"version":2', '"version":9'));
  expect(() => new Journal(path, tasks('{"command":"x"}'))).toThrow(
    'was written by a later version (9) of this program',
  );
});

test('what tasks need can be changed; what they do cannot', () => {
  const path = join(folder, 'amounts');
  new Journal(path, tasks('{"command":"x","cpus":999}')).close();
  new Journal(path, tasks('{"command":"x","cpus":0.5,"mem":64}')).close();
  expect(() => new Journal(path, tasks('{"command":"x","retries":3}'))).toThrow('other tasks');
});

test('rows may be added at the end, and the results of those that failed can be dropped', () => {
  const path = join(folder, 'third');
  const two = '{"command":"x"}\n{"command":"y"}';
  const result = (index: number, state: string): Result => ({
    index,
    name: `task-${index + 1}`,
    task_id: `${index + 1}-t.1`,
    state,
    exit_status: null,
    signal: null,
    message: '',
    attempts: 1,
    agent: 'a',
    ended: null,
    stdout: null,
    stderr: null,
  });
  const attempt = (index: number): Attempt => ({
    taskId: `${index + 1}-t.1`,
    index,
    number: 1,
    agentId: 'a',
    agentAddress: '127.0.0.1:5051',
  });
  const first = new Journal(path, tasks(two));
  first.framework('f');
  first.begin([attempt(0), attempt(1)], []);
  first.fail(1);
  first.finish(result(0, 'TASK_FINISHED'));
  first.finish(result(1, 'TASK_FAILED'));
  first.end();
  first.close();
  const three = `${two}\n{"command":"z"}`;
  const second = new Journal(path, tasks(three), { rerunFailed: true });
  const dropped = {
    frameworkId: undefined,
    over: new Set(['2-t.1']),
    failures: new Map(),
    results: new Map([[0, result(0, 'TASK_FINISHED')]]),
  };
  expect(second).toMatchObject(dropped);
  second.close();
  // What was dropped stays so, and what was added belongs to it.
  const again = new Journal(path, tasks(three));
  expect(again).toMatchObject(dropped);
  again.close();
  for (const other of [two, `{"command":"z"}\n${two}`]) {
    expect(() => new Journal(path, tasks(other))).toThrow('rows may be added at the end');
  }
});
