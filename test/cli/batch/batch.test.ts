import { describe, expect, test } from 'vitest';
import {
  type Attempt,
  Batch,
  type Call,
  type UpdateMeaning,
} from '../../../src/cli/batch/batch.ts';
import { type BatchTask, readTaskFile } from '../../../src/cli/batch/task-file.ts';
import type { MatchRequest, MatchResult } from '../../../src/core/matcher.ts';
import {
  SchedulerCall_Type as CallType,
  type Offer,
  TaskState,
  type TaskStatus,
  TaskStatus_Reason,
  Value_Type,
} from '../../../src/model/generated/messages.ts';

const lines = (count: number, more: object = {}) =>
  Array.from({ length: count }, (_, n) => JSON.stringify({ command: `run ${n}`, ...more })).join(
    '\n',
  );
const tasksOf = (text: string): BatchTask[] =>
  readTaskFile(text, { cpus: 1, mem: 32, role: '*', retries: 0, constraints: [] });

/** First fit by cpus alone; the real matcher has tests of its own. */
function firstFit({ tasks, offers }: Pick<MatchRequest, 'tasks' | 'offers'>): MatchResult {
  const left = offers.map(({ resources }) => resources?.[0]?.scalar?.value ?? 0);
  const result: MatchResult = { placed: [], unplaced: [] };
  for (const [task, { amounts }] of tasks.entries()) {
    const cpus = amounts.cpus ?? 0;
    const offer = left.findIndex((free) => free >= cpus);
    if (offer < 0) {
      result.unplaced.push({ task, reason: 'too large', detail: 'cpus' });
    } else {
      left[offer] = (left[offer] ?? 0) - cpus;
      result.placed.push({ task, offer, resources: [] });
    }
  }
  return result;
}

let offers = 0;
function offer(cpus: number, role = '*'): Offer {
  const id = `o${offers++}`;
  return {
    id: { value: id },
    framework_id: { value: 'f' },
    agent_id: { value: `agent-of-${id}` },
    hostname: 'h',
    url: { scheme: 'http', address: { ip: '127.0.0.1', port: 5051 } },
    resources: [{ name: 'cpus', type: Value_Type.SCALAR, scalar: { value: cpus } }],
    allocation_info: { role },
  };
}

function batchOf(
  tasks: readonly BatchTask[],
  more: { settled?: [number, boolean][]; attempts?: Attempt[]; maxRunning?: number } = {},
) {
  return new Batch({
    tasks,
    place: firstFit,
    quantities: ([first]) => ({ cpus: first?.scalar?.value ?? 0 }),
    maxRunning: more.maxRunning ?? 1000,
    settled: new Map(more.settled),
    attempts: more.attempts ?? [],
    agents: [],
    failures: new Map(),
  });
}

const status = (attempt: Attempt | undefined, state: TaskState): TaskStatus => ({
  task_id: { value: attempt?.taskId ?? '' },
  state,
});
const kinds = (calls: readonly Call[]) => calls.map(({ type }) => type);

function finish(batch: Batch, attempt: Attempt | undefined, state: TaskState): UpdateMeaning {
  const meaning = batch.updated(status(attempt, state));
  if (meaning.type !== 'noted') {
    batch.settle(meaning);
  }
  return meaning;
}

test('tasks go onto offers, in order, until the offers are used up', () => {
  const batch = batchOf(tasksOf(lines(5)));
  expect(kinds(batch.subscribed())).toEqual([]);
  const { attempts, calls } = batch.offered([offer(2), offer(1)]);
  expect(attempts.map(({ taskId }) => taskId)).toEqual(['1-task-1.1', '2-task-2.1', '3-task-3.1']);
  expect(kinds(calls)).toEqual([CallType.ACCEPT, CallType.ACCEPT]);
  expect(batch.counts).toMatchObject({ waiting: 2, started: 3, running: 0 });
});

test('offers are suppressed when nothing waits, and asked for again when something does', () => {
  const batch = batchOf(tasksOf(lines(1, { retries: 1 })));
  batch.subscribed();
  const { attempts, calls } = batch.offered([offer(1), offer(1)]);
  expect(kinds(calls)).toEqual([CallType.ACCEPT, CallType.DECLINE, CallType.SUPPRESS]);
  const meaning = batch.updated(status(attempts[0], TaskState.TASK_FAILED));
  expect(meaning).toMatchObject({ type: 'ended', final: false });
  expect(kinds(batch.settle(meaning as never))).toEqual([CallType.REVIVE]);
});

test('a task takes only offers of its role', () => {
  const batch = batchOf(tasksOf('{"command":"a","role":"eng"}\n{"command":"b"}'));
  const { attempts } = batch.offered([offer(9, 'eng')]);
  expect(attempts.map(({ index }) => index)).toEqual([0]);
});

describe('how a task ends', () => {
  const started = (retries: number) => {
    const batch = batchOf(tasksOf(lines(1, { retries })));
    return { batch, attempt: batch.offered([offer(1)]).attempts[0] };
  };

  test.each([
    [TaskState.TASK_FINISHED, { type: 'ended', success: true, final: true }],
    [TaskState.TASK_FAILED, { type: 'ended', success: false, final: false }],
    [TaskState.TASK_KILLED, { type: 'ended', success: false, final: false }],
    [TaskState.TASK_ERROR, { type: 'ended', success: false, final: true }],
    [TaskState.TASK_LOST, { type: 'lost' }],
    [TaskState.TASK_RUNNING, { type: 'noted' }],
    [TaskState.TASK_UNREACHABLE, { type: 'noted' }],
  ])('state %i', (state, expected) => {
    const { batch, attempt } = started(1);
    expect(batch.updated(status(attempt, state))).toMatchObject(expected);
  });

  test('a failed task is tried as often as it may, under a new id', () => {
    const { batch, attempt } = started(1);
    finish(batch, attempt, TaskState.TASK_FAILED);
    const [second] = batch.offered([offer(1)]).attempts;
    expect(second?.taskId).toBe('1-task-1.2');
    expect(finish(batch, second, TaskState.TASK_FAILED)).toMatchObject({ final: true });
    expect(batch.counts).toMatchObject({ failed: 1 });
    expect(batch.isDone).toBe(true);
  });

  test('a task that is lost while it runs does not count as a failure, and is never given up', () => {
    const { batch, attempt } = started(1);
    let last = attempt;
    for (let n = 0; n < 5; n++) {
      batch.updated(status(last, TaskState.TASK_RUNNING));
      expect(finish(batch, last, TaskState.TASK_LOST)).toMatchObject({ type: 'lost', pauseMs: 0 });
      [last] = batch.offered([offer(1)]).attempts;
    }
    expect(finish(batch, last, TaskState.TASK_FAILED)).toMatchObject({ final: false });
    [last] = batch.offered([offer(1)]).attempts;
    finish(batch, last, TaskState.TASK_FINISHED);
    expect(batch.counts).toMatchObject({ succeeded: 1, failed: 0 });
  });

  test('a task that is lost before it runs waits, ever longer, and is given up only for its own fault', () => {
    const { batch, attempt } = started(0);
    let last = attempt;
    const pauses: number[] = [];
    for (let n = 0; n < 8; n++) {
      const meaning = finish(batch, last, TaskState.TASK_LOST);
      expect(meaning.type).toBe('lost');
      pauses.push(meaning.type === 'lost' ? meaning.pauseMs : 0);
      expect(batch.counts).toMatchObject({ waiting: 1, started: 0 });
      expect(batch.offered([offer(1)]).attempts).toEqual([]);
      batch.ready(0);
      [last] = batch.offered([offer(1)]).attempts;
    }
    expect(pauses).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
  });

  test.each([TaskState.TASK_LOST, TaskState.TASK_DROPPED])(
    'one that its agent cannot start three times in a row has failed, whatever retries it has (%i)',
    (state) => {
      const { batch, attempt } = started(100);
      const cannotStart = (one: Attempt | undefined): TaskStatus => ({
        ...status(one, state),
        reason: TaskStatus_Reason.REASON_CONTAINER_LAUNCH_FAILED,
        message: 'no such user',
      });
      let last = attempt;
      for (let n = 0; n < 2; n++) {
        const meaning = batch.updated(cannotStart(last));
        expect(meaning.type).toBe('lost');
        batch.settle(meaning as never);
        batch.ready(0);
        [last] = batch.offered([offer(1)]).attempts;
      }
      const meaning = batch.updated(cannotStart(last));
      expect(meaning).toMatchObject({ type: 'ended', success: false, final: true });
      batch.settle(meaning as never);
      expect(batch.isDone).toBe(true);
    },
  );

  test('one that a drain of its agent has killed is run again; other kills are failures', () => {
    const { batch, attempt } = started(0);
    batch.updated(status(attempt, TaskState.TASK_RUNNING));
    const meaning = batch.updated({
      ...status(attempt, TaskState.TASK_KILLED),
      reason: TaskStatus_Reason.REASON_AGENT_DRAINING,
    });
    expect(meaning).toMatchObject({ type: 'lost', pauseMs: 0 });
    batch.settle(meaning as never);
    const [second] = batch.offered([offer(1)]).attempts;
    expect(second?.taskId).toBe('1-task-1.2');
    expect(finish(batch, second, TaskState.TASK_KILLED)).toMatchObject({ final: true });
  });

  test('a task that was launched and not seen running does not count as running', () => {
    const { batch, attempt } = started(0);
    expect(batch.counts).toMatchObject({ running: 0, starting: 1 });
    batch.updated(status(attempt, TaskState.TASK_RUNNING));
    expect(batch.counts).toMatchObject({ running: 1, starting: 0 });
  });

  test('an update that comes twice counts once', () => {
    const { batch, attempt } = started(0);
    const update = status(attempt, TaskState.TASK_FINISHED);
    expect(batch.updated(update).type).toBe('ended');
    expect(batch.updated(update).type).toBe('noted');
  });
});

describe('going on after an interruption', () => {
  const tasks = tasksOf(lines(4));
  const attempt = (index: number, number = 1): Attempt => ({
    taskId: `${index + 1}-task-${index + 1}.${number}`,
    index,
    number,
    agentId: 'a',
    agentAddress: '127.0.0.1:5051',
  });

  test('tasks with a result stay, launched ones are asked about, the rest waits', () => {
    const batch = batchOf(tasks, {
      settled: [
        [0, true],
        [1, false],
      ],
      attempts: [attempt(0), attempt(1), attempt(2), attempt(2, 2)],
    });
    expect(batch.counts).toMatchObject({ succeeded: 1, failed: 1, started: 1, waiting: 1 });
    const [reconcile] = batch.subscribed();
    expect(reconcile?.reconcile?.tasks?.map(({ task_id }) => task_id.value)).toEqual([
      '3-task-3.2',
    ]);
  });

  test('a task that the master does not know is run again', () => {
    const batch = batchOf(tasks, { attempts: [attempt(2)] });
    batch.subscribed();
    finish(batch, attempt(2), TaskState.TASK_LOST);
    expect(batch.counts).toMatchObject({ waiting: 4, started: 0 });
    expect(batch.offered([offer(1)]).attempts[0]?.taskId).toBe('3-task-3.2');
  });

  test('after the framework was forgotten, all that was started waits again', () => {
    const batch = batchOf(tasks, { attempts: [attempt(0), attempt(3)] });
    batch.forgotten();
    expect(batch.counts).toMatchObject({ waiting: 4, started: 0 });
  });
});

test('no more tasks run at a time than allowed', () => {
  const batch = batchOf(tasksOf(lines(10)), { maxRunning: 3 });
  const { attempts, calls } = batch.offered([offer(10)]);
  expect(attempts).toHaveLength(3);
  expect(kinds(calls)).toEqual([CallType.ACCEPT, CallType.SUPPRESS]);
  expect(
    kinds(batch.settle(batch.updated(status(attempts[0], TaskState.TASK_FINISHED)) as never)),
  ).toEqual([CallType.REVIVE]);
});

test('the obstacle to a placement is known', () => {
  const batch = batchOf(tasksOf(lines(2, { cpus: 8 })));
  batch.offered([offer(2)]);
  expect(batch.obstacle).toBe(
    "task 'task-1' needs more cpus than any of them has (cpus: 8 needed, 2 there); 1 more wait",
  );
});

test('tasks that fit nowhere do not keep the others from running, however few may run', () => {
  const batch = batchOf(tasksOf(`${lines(2, { cpus: 8 })}\n${lines(2)}`), { maxRunning: 1 });
  const { attempts } = batch.offered([offer(2)]);
  expect(attempts.map(({ index }) => index)).toEqual([2]);
});

test('tasks that fit nowhere do not keep the others from running, even too many to match at once', () => {
  const batch = batchOf(tasksOf(`${lines(6000, { cpus: 8 })}\n${lines(1)}`));
  expect(batch.offered([offer(2)]).attempts).toEqual([]);
  expect(batch.offered([offer(2)]).attempts.map(({ index }) => index)).toEqual([6000]);
});
