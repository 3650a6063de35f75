// A process with a driver of its own, which a test kills at any moment: it launches containers by
// calls of the API, below a task and alone, waits for them, kills and removes them, without end.
import { ContainerCalls } from './container-calls.ts';
import { DriverHarness } from './harness.ts';

const [, , work = '', root = 'root'] = process.argv;
const harness = await DriverHarness.open(work);
const calls = new ContainerCalls(harness);
const task = { command: { value: 'sleep 1000' } };
const { recordedIn } = harness.declare({ container: root, checkpoint: true, task });
await harness.stored(recordedIn);
harness.launch({ container: root, checkpoint: true, task });
await harness.started(root as never);
console.log('started');

async function live(prefix: string): Promise<void> {
  for (let turn = 0; ; turn++) {
    const id = `${prefix}n${turn % 3}`;
    await calls.launch(id, turn % 2 === 0 ? 'true' : 'sleep 1000', {
      command: {
        value: turn % 2 === 0 ? 'true' : 'sleep 1000',
        uris: [{ value: '/etc/hostname', extract: false }],
      },
    });
    await calls.launch(`${id}.below`, 'sleep 1000');
    if (turn % 3 > 0) {
      await calls.kill(id);
      await calls.wait(id);
      await calls.remove(id);
    }
  }
}
await Promise.all([live(`${root}.`), live('')]);
