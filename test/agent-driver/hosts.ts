// A process with a driver for each of several work directories, which a test kills. The argument
// (JSON) says what to launch in which of them. A directory is printed when its task runs and all of
// it is stored.
import { DriverHarness, type Launch, stateName } from './harness.ts';

const places = JSON.parse(process.argv[2] ?? '[]') as { work: string; launch: Launch }[];
for (const { work, launch } of places) {
  const harness = await DriverHarness.open(work);
  harness.launch(launch);
  const isRunning = () =>
    harness.events.some(
      (event) =>
        event.type === 'executorCall' &&
        event.call.update !== undefined &&
        stateName(event.call.update.status.state) === 'TASK_RUNNING',
    );
  const isStored = () => harness.events.some(({ type }) => type === 'checkpointed');
  void harness
    .until(() => (isRunning() && isStored() ? true : undefined))
    .then(() => {
      console.log(work);
    });
}
// Until it is killed.
setInterval(() => {}, 1_000_000);
