// What a later agent finds of a group's tasks.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { CheckpointedTask } from '../../src/agent/checkpoint.ts';
import { resumedTasks, sumOfUsage } from '../../src/agent-driver/pod-containers.ts';
import { RunRecords } from '../../src/containerizer/records/run-records.ts';
import { WorkDirectory } from '../../src/containerizer/work-directory.ts';
import { childOf } from '../../src/model/container-id.ts';
import { TaskState } from '../../src/model/generated/messages.ts';
import { containerId } from '../../src/model/ids.ts';
import { temporaryFolder } from './harness.ts';

const parent = containerId('pod');
const warnings: string[] = [];
let folder: ReturnType<typeof temporaryFolder>;
let records: RunRecords;

beforeEach(() => {
  folder = temporaryFolder();
  records = new RunRecords(new WorkDirectory(folder.path));
  records.create(parent);
  warnings.length = 0;
});

afterEach(() => folder[Symbol.dispose]());

const announced = (id: string): CheckpointedTask => ({
  info: { name: id, task_id: { value: id }, agent_id: { value: 'a' } },
  updates: [
    {
      framework_id: { value: 'f' },
      timestamp: 0,
      status: { task_id: { value: id }, state: TaskState.TASK_STARTING },
    },
  ],
  acknowledged: [],
});

const resumed = (...tasks: CheckpointedTask[]) =>
  resumedTasks({
    parent,
    tasks,
    records,
    killOf: () => undefined,
    nowMs: 0,
    warn: (text) => warnings.push(text),
  });

test('a task whose container is not known for a damaged record says so', () => {
  const container = childOf(parent, 'n1');
  const path = join(records.create(container), 'task');
  writeFileSync(path, 'garbage');
  const loss = `Which task container ${container} was for is not known: the record '${path}' is damaged`;
  expect(resumed(announced('t1'))).toMatchObject([{ isLaunched: false, loss }]);
  expect(warnings).toEqual([loss]);
});

test('a task that was announced and has no container was never started', () => {
  expect(resumed(announced('t1'))).toMatchObject([{ isLaunched: false, loss: undefined }]);
});

test('what containers use is added up, but for what are no amounts', () => {
  const used = { mem_rss_bytes: 5, net_rx_bytes: 7, net_tcp_rtt_microsecs_p50: 100 };
  expect(sumOfUsage([used, undefined, used])).toEqual({ mem_rss_bytes: 10, net_rx_bytes: 14 });
  expect(sumOfUsage([undefined])).toBeUndefined();
});
