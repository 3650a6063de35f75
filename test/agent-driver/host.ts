// A process with a driver of its own, which a test kills. It launches what the first argument says
// (a list of launches in JSON) in the work directory of the second, with the options of the third
// (in JSON), and prints every state that is reported.
import { DriverHarness, type Launch, stateName } from './harness.ts';

const launches = JSON.parse(process.argv[2] ?? '[]') as Launch[];
const opening = JSON.parse(process.argv[4] ?? '{}');
const harness = await DriverHarness.open(process.argv[3] ?? '', opening);
let printed = 0;
for (const launch of launches) {
  harness.launch(launch);
}
await harness.until(() => {
  for (const event of harness.events.slice(printed)) {
    if (event.type === 'executorCall' && event.call.update !== undefined) {
      const { task_id, state } = event.call.update.status;
      console.log(`${task_id.value} ${stateName(state)}`);
    } else if (event.type === 'containerStarted' || event.type === 'checkpointed') {
      console.log(event.type === 'checkpointed' ? 'checkpointed' : `${event.containerId} started`);
    }
  }
  printed = harness.events.length;
  return undefined;
});
