// A process with a driver of its own, which a test kills: it has a task and a session in that, and
// prints what the session writes. Its arguments are the work directory, how the driver is opened
// (in JSON), and the session's command.
import { containerId } from '../../src/model/ids.ts';
import { DriverHarness } from './harness.ts';
import { openSession } from './session-output.ts';

const [, , work = '', opening = '{}', value = ''] = process.argv;
const harness = await DriverHarness.open(work, JSON.parse(opening));
const root = {
  container: 'root',
  checkpoint: true,
  task: { command: { value: 'exec sleep 1000' } },
};
await harness.stored(harness.declare(root).recordedIn);
harness.launch(root);
await harness.started(containerId('root'));
const output = await openSession(harness, containerId('root'), value);
for await (const { data } of output) {
  process.stdout.write(data);
}
