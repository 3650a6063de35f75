// The table at the end of a batch.
import { expect, test } from 'vitest';
import type { Result } from '../../../src/cli/batch/journal.ts';
import { summaryText } from '../../../src/cli/batch/summary.ts';

const RESULT: Result = {
  index: 0,
  name: 'a',
  task_id: '1-a.1',
  state: 'TASK_FINISHED',
  exit_status: 0,
  signal: null,
  message: '',
  attempts: 1,
  agent: 'h:1',
  ended: null,
  stdout: null,
  stderr: null,
};

const summary = (results: readonly Result[], seconds: number) => {
  const failed = results.filter(({ state }) => state !== 'TASK_FINISHED').length;
  return summaryText(
    {
      counts: { total: results.length, succeeded: results.length - failed, failed },
      results,
      folder: 'r',
      seconds,
      doneBefore: 0,
    },
    { isTerminal: false, columns: Number.POSITIVE_INFINITY, isPainted: false },
  );
};

test.each([
  [[1, 3], 'run again   2 times (1 task)'],
  [[2, 3], 'run again   3 times (2 tasks)'],
  [[2, 1], 'run again   1 time (1 task)'],
])('attempts %j: %s', (attempts, line) => {
  const results = attempts.map((count, index) => ({ ...RESULT, index, attempts: count }));
  expect(summary(results, 5)).toContain(line);
});

test.each([
  [0.42, 'time       0.4 s\n'],
  [4, 'time       4.0 s, 0.3 tasks a second\n'],
  [90, 'time       1 min 30 s, 0.0 tasks a second\n'],
])('%d s are shown, with a rate where they say one', (seconds, line) => {
  expect(summary([RESULT], seconds)).toContain(line);
});

test('the path of a sandbox does not hide why a task failed', () => {
  const path = `/var/lib/mesos/agent/slaves/${'x'.repeat(200)}/runs/end`;
  const message = `Failed to create '${path}': No such user 'q' in /etc/passwd`;
  expect(summary([{ ...RESULT, state: 'TASK_FAILED', exit_status: null, message }], 1)).toContain(
    "Failed to create '/var/lib/mesos/agent/slaves/xx…xxxxxx/runs/end': No such user 'q' in /etc/passwd",
  );
});
