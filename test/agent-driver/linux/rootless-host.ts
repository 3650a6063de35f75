// A driver in a process of its own, for a user who is not root. The first argument is its work
// directory, the second how it is opened, the third what is asked of it (a Scenario), both in JSON.
// It prints what came of that (an Outcome), and ends.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ContainerId } from '../../../src/model/ids.ts';
import { openTestImages } from '../../support/test-images.ts';
import { DriverHarness, type Launch } from '../harness.ts';
import { eventually } from '../outside.ts';
import { sessionOutput } from '../session-output.ts';

export interface Scenario {
  /** Each runs to its end; of a group each task, whose last line is `END`. */
  readonly launches: readonly Launch[];
  /** Runs meanwhile, with a check that has an exit code; or has been left by an earlier agent. */
  readonly running: Launch;
  readonly isLeft: boolean;
  /** The command of a session in `running`. */
  readonly session: string;
  /** In the end the agent is killed, and leaves what runs; otherwise the supervisor of that is. */
  readonly isKilled: boolean;
}

export interface Outcome {
  /** Why there is none, or the message of its end and what it has printed; of a group by task. */
  readonly results: readonly (string | readonly string[] | Readonly<Record<string, string>>)[];
  readonly check: number | undefined;
  readonly session: string;
}

const [work = '', opening = '', asked = ''] = process.argv.slice(2);
const scenario = JSON.parse(asked) as Scenario;
const images = await openTestImages({ work, store: join(work, 'store') }, { base: {} });
const harness = await DriverHarness.open(work, {
  withCgroups: false,
  images,
  ...JSON.parse(opening),
});

const output = (id: ContainerId, ...folders: string[]) =>
  readFileSync(harness.inSandbox(id, ...folders, 'stdout'), 'utf8');

async function resultOf(launch: Launch): Promise<Outcome['results'][number]> {
  const id = harness.launch(launch);
  if (launch.group !== undefined) {
    const tasks = launch.group.map(async ({ name }) => [name, await outputOfTask(id, name)]);
    const outputs = Object.fromEntries(await Promise.all(tasks));
    await harness.destroy(id);
    return outputs;
  }
  const end = await Promise.race([harness.terminalStatus(id), harness.ended(id)]);
  return 'state' in end ? [end.message ?? '', output(id)] : (end.failure ?? '');
}

async function outputOfTask(id: ContainerId, name: string): Promise<string> {
  const path = harness.inSandbox(id, 'tasks', name, 'stdout');
  await eventually(() => existsSync(path) && output(id, 'tasks', name).endsWith('END\n'));
  return output(id, 'tasks', name);
}

async function checked(id: ContainerId): Promise<number | undefined> {
  const code = () =>
    harness.statuses(id).find((it) => it.check_status?.command?.exit_code !== undefined)
      ?.check_status?.command?.exit_code;
  return harness.until(code);
}

const { running, isLeft } = scenario;
const id = isLeft ? harness.reattach(running) : harness.launch(running);
const [check, session, ...results] = await Promise.all([
  checked(id),
  checked(id).then(() => sessionOutput(harness, id, scenario.session)),
  ...scenario.launches.map(resultOf),
]);
console.log(JSON.stringify({ check, session, results } satisfies Outcome));
if (scenario.isKilled) {
  process.kill(process.pid, 'SIGKILL');
}
// Nobody but the agent is left then to end what is in the container.
const record = readFileSync(join(work, 'meta/containers', id, 'supervisor'), 'utf8');
process.kill(Number(record.split(' ')[0]), 'SIGKILL');
await harness.ended(id);
await harness.end();
