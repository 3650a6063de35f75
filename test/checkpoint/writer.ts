// A process that a test kills: stores tasks with numbers from 1, one in each transaction, as fast
// as it can, and prints each number once it is durable.
import { CheckpointStore } from '../../src/checkpoint/store.ts';
import { TaskState } from '../../src/model/generated/messages.ts';
import { containerId, executorId, frameworkId } from '../../src/model/ids.ts';

const { store } = await CheckpointStore.open(process.argv[2] ?? '');
const run = {
  frameworkId: frameworkId('f'),
  executorId: executorId('e'),
  containerId: containerId('r'),
};
store.store(
  [
    { type: 'framework', framework: { user: 'u', name: 'n', id: { value: 'f' } } },
    { type: 'executor', ...run, info: { executor_id: { value: 'e' } } },
  ],
  () => undefined,
);

// Several transactions at a time, so that commits have more than one.
const window = 8;
let last = 0;

function storeNext(): void {
  const number = ++last;
  const task_id = { value: String(number) };
  store.store(
    [
      { type: 'task', ...run, info: { name: 'n', task_id, agent_id: { value: 'a' } } },
      {
        type: 'update',
        ...run,
        update: {
          framework_id: { value: 'f' },
          status: { task_id, state: TaskState.TASK_STARTING },
          timestamp: number,
          uuid: new Uint8Array(16),
        },
      },
    ],
    (error) => {
      if (error === undefined) {
        console.log(number);
      }
      storeNext();
    },
  );
}

for (let count = 0; count < window; count++) {
  storeNext();
}
