// What a batch remembers between its runs.
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { AgentPlace } from '../../../src/cli/batch/agents.ts';
import type { Attempt } from '../../../src/cli/batch/batch.ts';
import { parseConstraints } from '../../../src/cli/batch/constraints.ts';
import { Journal, type Result } from '../../../src/cli/batch/journal.ts';
import { readTaskFile } from '../../../src/cli/batch/task-file.ts';
import { FlagError } from '../../../src/cli/flags/parse.ts';
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

const attemptOf = (taskId: string, index: number): Attempt => ({
  taskId,
  index,
  number: 1,
  agentId: 'a',
  agentAddress: '127.0.0.1:5051',
});

/** The end of a task that was begun once. */
const result = (index: number, state = 'TASK_FINISHED'): Result => ({
  index,
  name: `task-${index + 1}`,
  task_id: `${index + 1}-t.1`,
  state,
  exit_status: state === 'TASK_FINISHED' ? 0 : 1,
  signal: null,
  message: '',
  attempts: 1,
  agent: 'a',
  ended: null,
  stdout: null,
  stderr: null,
});

test('attempts and agents are found again, also by a run with other constraints', () => {
  const path = join(folder, 'first');
  const agent: AgentPlace = {
    agentId: 'a',
    hostname: 'h',
    attributes: parseAttributes('rack:r1;cores:[1-4];gen:2.5'),
  };
  const attempt = attemptOf('1-t.1', 0);
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

test('a journal of a later version is refused as such', () => {
  const path = join(folder, 'later');
  new Journal(path, tasks('{"command":"x"}')).close();
  const file = join(path, 'journal.jsonl');
  writeFileSync(file, readFileSync(file, 'utf8').replace('"version":2', '"version":9'));
  appendFileSync(file, '{"type":"of later"}\n');
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
  const attempt = (index: number) => attemptOf(`${index + 1}-t.1`, index);
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
  // Dropped results stay dropped, and added tasks belong to the batch.
  const again = new Journal(path, tasks(three));
  expect(again).toMatchObject(dropped);
  again.close();
  for (const other of [two, `{"command":"z"}\n${two}`]) {
    expect(() => new Journal(path, tasks(other))).toThrow('rows may be added at the end');
  }
});

test('results count tasks from 1; those of earlier versions, from 0, are read', () => {
  const path = join(folder, 'numbers');
  const two = '{"command":"x"}\n{"command":"y"}';
  const first = new Journal(path, tasks(two));
  first.begin([attemptOf('1-t.1', 0), attemptOf('2-t.1', 1)], []);
  first.finish(result(1));
  first.close();
  const file = join(path, 'results.jsonl');
  expect(readFileSync(file, 'utf8')).toMatch(/^\{"number":2,"name":"task-2"/);
  appendFileSync(file, `${JSON.stringify(result(0))}\n`);
  const second = new Journal(path, tasks(two));
  expect([...second.results.values()]).toEqual([result(1), result(0)]);
  second.close();
});

describe('a file that has changed since', () => {
  const header = 'name,command,env,cpus';
  const rows = ['a,x,,1', 'b,y,"{""A"":""1""}",1', 'c,z,,1'];
  const csv = (...lines: string[]) => tasks([header, ...lines].join('\n'));
  const failed: Result = { ...result(1, 'TASK_FAILED'), name: 'b', task_id: '2-b.1' };

  test('is refused with the line and with what is another', () => {
    const path = join(folder, 'named');
    new Journal(path, csv(...rows)).close();
    expect(() => new Journal(path, csv('b,x,,1', ...rows.slice(1)), { file: 'f.csv' })).toThrow(
      /\nf\.csv: line 1: name differs from the earlier run/,
    );
    const changed = csv('a,x,,2', 'b,y,"{""A"":""2""}",1', 'd,w,,1');
    const lines = () => [2, 3, 7];
    expect(() => new Journal(path, changed, { lines })).toThrow(
      new RegExp(
        'holds the results of other tasks .*\\n' +
          'line 3: env differs from the earlier run; only constraints and amounts may change\\n' +
          'line 7: name, command differ from the earlier run; only constraints and amounts may change$',
      ),
    );
    // Secrets are kept as digests.
    expect(readFileSync(join(path, 'journal.jsonl'), 'utf8')).not.toContain('"A"');
  });

  test('is refused with another image', () => {
    const path = join(folder, 'image');
    const of = (image: string) => tasks(`name,command,image\na,x,${image}\n`);
    new Journal(path, of('one')).close();
    new Journal(path, of('one')).close();
    expect(() => new Journal(path, of('two'))).toThrow('line 1: image differs');
    expect(() => new Journal(path, of(''))).toThrow('line 1: image differs');
  });

  test('may have other rows for those that have failed, which then run anew', () => {
    const path = join(folder, 'mended');
    const first = new Journal(path, csv(...rows));
    first.begin([attemptOf('2-b.1', 1)], []);
    first.finish(failed);
    first.close();
    const mended = csv('a,x,,1', 'b,y2,,1', 'c,z,,1');
    expect(() => new Journal(path, mended)).toThrow(
      'line 2: command, env differ from the earlier run; only constraints and amounts may change, or with ' +
        '--rerun_failed all of it, for it has failed',
    );
    const second = new Journal(path, mended, { rerunFailed: true });
    expect(second.results.size).toBe(0);
    second.close();
    // From now on the batch is about the new row.
    new Journal(path, mended).close();
    expect(() => new Journal(path, csv(...rows))).toThrow('line 2: command, env differ');
  });
});

describe('a folder that was damaged', () => {
  const two = tasks('{"command":"x"}\n{"command":"y"}');

  /** The folder of a batch of which the first task has ended. */
  function begun(name: string) {
    const path = join(folder, name);
    const journal = new Journal(path, two);
    journal.framework('f');
    // Without attributes, as most agents are.
    journal.begin([attemptOf('1-t.1', 0)], [{ agentId: 'a', hostname: 'h' }]);
    journal.finish({ ...result(0), name: 't' });
    journal.close();
    return {
      journal: join(path, 'journal.jsonl'),
      results: join(path, 'results.jsonl'),
      tasks: join(path, 'tasks'),
      open: () => new Journal(path, two),
    };
  }

  test.each(['journal', 'results'] as const)('%s: a line of another shape is named', (file) => {
    const broken = begun(`line-${file}`);
    const whole = readFileSync(broken[file], 'utf8');
    const count = whole.split('\n').length;
    const wrong = ['null', '5', '[]', '{}', '{', '{"type":"attempt"}'];
    for (const line of [...wrong, '{"number":1}']) {
      writeFileSync(broken[file], `${whole}${line}\n`);
      expect(broken.open, line).toThrow(FlagError);
      expect(broken.open, line).toThrow(`line ${count} of ${broken[file]} is damaged`);
    }
    writeFileSync(broken[file], whole);
    broken.open().close();
  });

  test.each(['journal', 'results'] as const)('%s: what is no file is named', (file) => {
    const broken = begun(`kind-${file}`);
    rmSync(broken[file]);
    mkdirSync(broken[file]);
    expect(broken.open).toThrow(new FlagError(`${broken[file]} is a folder`));
    rmdirSync(broken[file]);
    execFileSync('mkfifo', [broken[file]]);
    expect(broken.open).toThrow(new FlagError(`${broken[file]} is no regular file`));
  });

  test('a file in the place of the folder of outputs is named', () => {
    const broken = begun('outputs');
    rmSync(broken.tasks, { recursive: true });
    writeFileSync(broken.tasks, '');
    expect(broken.open).toThrow(`${broken.tasks} should be a folder`);
  });

  test('a journal that has lost lines is refused while there are results', () => {
    const broken = begun('lost');
    const lines = readFileSync(broken.journal, 'utf8').trimEnd().split('\n');
    for (let kept = 0; kept < lines.length; kept++) {
      writeFileSync(
        broken.journal,
        lines
          .slice(0, kept)
          .map((line) => `${line}\n`)
          .join(''),
      );
      expect(broken.open).toThrow(/result of task 1 \(t\), .* not whole/);
    }
    rmSync(broken.journal);
    expect(broken.open).toThrow(/result of task 1 \(t\), .* not whole/);
  });
});
