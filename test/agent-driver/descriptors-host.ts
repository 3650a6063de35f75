// A process without free descriptors when its task ends: prints how the task ended, and how many
// old sandboxes it finds once it has descriptors again. The argument is the work directory.
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { GarbageCollector } from '../../src/containerizer/sandboxes/garbage-collector.ts';
import { WorkDirectory } from '../../src/containerizer/work-directory.ts';
import { TaskState } from '../../src/model/generated/messages.ts';
import { DriverHarness, stateName } from './harness.ts';

const work = process.argv[2] ?? '';
const harness = await DriverHarness.open(work, { withCgroups: false });
const go = join(work, 'go');
const container = harness.launch({
  task: { command: { value: `while ! test -e ${go}; do sleep 0.02; done; exit 0` } },
});
await harness.status(container, TaskState.TASK_RUNNING);
const taken: number[] = [];
for (let isOpen = true; isOpen; ) {
  try {
    taken.push(openSync('/dev/null', 'r'));
  } catch {
    isOpen = false;
  }
}
const fail = (error: unknown) => {
  throw error;
};
const garbage = new GarbageCollector(new WorkDirectory(work), fail, 10);
const adopted = garbage.adopt(() => false, 60_000, Date.now());
mkdirSync(go);
const { state, message } = await harness.terminalStatus(container);
for (const file of taken) {
  closeSync(file);
}
await adopted;
console.log(`${taken.length > 20} ${stateName(state)} ${message}`);
console.log(`old sandboxes: ${garbage.pending}`);
garbage.close();
await harness.end();
