// What the ledger takes for right, and what for wrong, of the statuses of one task.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Ledger, type Status } from './ledger.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mesoscale-ledger-'));
});

afterAll(() => rmSync(folder, { recursive: true }));

const task_id = { value: 't' };
const byAgent = (state: string, uuid = state): Status => ({ task_id, state, uuid });
const byMaster = (state: string, reason: string): Status => ({ task_id, state, reason });
const reconciled = (state: string) => byMaster(state, 'REASON_RECONCILIATION');
const returned = (state: string) => byMaster(state, 'REASON_AGENT_REREGISTERED');

/** What is wrong with a task that was started once; `acknowledged` from the beginning on. */
function judged(statuses: readonly Status[], acknowledged: readonly string[] = []) {
  const starts = join(folder, 'starts');
  writeFileSync(starts, 't\n');
  const ledger = new Ledger(starts);
  ledger.launched('t', 'agent');
  for (const uuid of acknowledged) {
    ledger.acknowledged('t', uuid);
  }
  for (const status of statuses) {
    ledger.told(status);
  }
  return ledger.judge();
}

const STARTING = byAgent('TASK_STARTING');
const ALL = [STARTING, byAgent('TASK_RUNNING'), byAgent('TASK_FINISHED')];

test.each([
  ['come in order', ALL],
  ['come again', [...ALL.slice(0, 2), STARTING, reconciled('TASK_STARTING'), ...ALL]],
  ['are behind what a master tells', [returned('TASK_FINISHED'), STARTING, ...ALL]],
  [
    'are behind, and a reconciliation with them',
    [STARTING, returned('TASK_FINISHED'), reconciled('TASK_STARTING'), ...ALL],
  ],
  ['were lost with the stream', [returned('TASK_FINISHED'), reconciled('TASK_STARTING'), ...ALL]],
  ['come after the agent was away', [STARTING, reconciled('TASK_UNREACHABLE'), ...ALL]],
  ['are not acknowledged when the agent goes', [...ALL, reconciled('TASK_UNREACHABLE')]],
])('statuses that %s are right', (_, statuses) => {
  expect(judged(statuses)).toEqual([]);
});

test.each([
  [[byAgent('TASK_RUNNING'), STARTING, byAgent('TASK_FINISHED')], 'TASK_STARTING'],
  [[...ALL, reconciled('TASK_STARTING')], 'TASK_STARTING'],
  [[...ALL.slice(0, 2), reconciled('TASK_STARTING'), ...ALL.slice(2)], 'TASK_STARTING'],
  [[...ALL, reconciled('TASK_UNREACHABLE')], 'TASK_UNREACHABLE'],
  [[...ALL.slice(0, 1), reconciled('TASK_GONE'), ...ALL], 'TASK_GONE'],
])('a task that is set back is told (%#)', (statuses, state) => {
  expect(judged(statuses, ['TASK_FINISHED'])[0]).toMatch(
    new RegExp(`^task t is ${state} .*told before: TASK_`),
  );
});

test('a task that has run without its statuses is told', () => {
  expect(judged([reconciled('TASK_FINISHED')])).toEqual([
    'task t is TASK_FINISHED, and nobody was told of TASK_RUNNING, TASK_FINISHED',
  ]);
});
