// `mesoscale execute` (mesos-execute): runs a command, task or task group on a cluster. It prints
// the task's output as if the task ran here, and ends with its exit status; messages go to standard
// error.

import { createCore } from '../../core/core.ts';
import { OperatorClient } from '../../http/client/operator-client.ts';
import type { Credential } from '../../http/server/credentials.ts';
import type { Dialer } from '../../http/transport/dialer.ts';
import { errorText } from '../../model/error-text.ts';
import {
  type FrameworkInfo,
  MasterCall_Type,
  type TaskInfo,
} from '../../model/generated/messages.ts';
import { loadCore } from '../../runtime/load-core.ts';
import { findLeader } from '../command-master.ts';
import type { ParsedFlags } from '../flags/parse.ts';
import { capabilitiesOf, credentialOf, currentUser } from '../framework/framework-session.ts';
import { readMasterFlag } from '../master-flag.ts';
import { printable } from '../operate/output/printable.ts';
import { type Look, painted, screenOf } from '../operate/output/screen.ts';
import { clientCarriers } from '../process/carriers.ts';
import { whenReaderIsGone } from '../process/output-errors.ts';
import { Execution } from './execution.ts';
import type { EXECUTE_FLAGS } from './flags.ts';
import { type ExecuteFlags, launchRequest } from './launch-request.ts';
import { placeOn } from './placement.ts';
import { type Cluster, shortage, type Wish, whyWaiting } from './waiting.ts';

/** How long the master may take to list its agents. */
const ANSWER_MS = 3_000;

type Parsed = ParsedFlags<typeof EXECUTE_FLAGS>;

export async function runExecute(parsed: Parsed): Promise<void> {
  process.exitCode = await execute(parsed);
}

async function execute(parsed: Parsed): Promise<number> {
  const { values } = parsed;
  const { place, request, framework, credential, carriers } = await settings(parsed);
  const { dialer } = carriers;
  const core = createCore(await loadCore());
  const screen = screenOf(process.stderr, process.env);
  // What the task prints stands out in a terminal; what others say of it, it does not obey.
  const say = (text: string, look: Look = 'faint') =>
    void process.stderr.write(`${painted(screen, look, printable(text))}\n`);
  const master = await findLeader(place, carriers, say);
  const wish: Wish = {
    tasks: request.tasks,
    isGroup: request.isGroup,
    role: values.role,
    takesGpus: values.framework_capabilities?.includes('GPU_RESOURCES') ?? false,
  };
  const execution = new Execution({
    master,
    codec: values.content_type,
    framework,
    credential,
    dialer,
    request,
    killAfterMs: values.kill_after,
    place: (offer) => placeOn(offer, request.tasks, request.isGroup, core),
    shortage: ({ resources = [] }) => shortage(wish, resources, core),
    whyWaiting: async () => {
      const cluster = await clusterOf(master.address, credential, dialer);
      return typeof cluster === 'string' ? cluster : whyWaiting(cluster, wish, core);
    },
    say,
    write: (file, task, data) => {
      process[file].write(request.isGroup ? prefixed(task, data) : data);
    },
  });
  let asked = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (asked) {
        process.exit(130);
      }
      asked = true;
      execution.interrupt();
    });
  }
  // When the reader of its output has gone, it ends, as any program in a pipe.
  whenReaderIsGone(() => execution.interrupt());
  const exitCode = await execution.run();
  master.close();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.removeAllListeners(signal);
  }
  return exitCode;
}

/** The settings in the flags. Throws one FlagError about everything that is wrong or missing. */
async function settings(parsed: Parsed) {
  const { values, faults } = parsed;
  const place = await faults.readLater(() => readMasterFlag(values.master));
  const request = faults.read(() => launchRequest(parsed));
  const framework = faults.read(() => frameworkOf(request.value.name, values));
  const credential = faults.dependent('principal', () =>
    credentialOf(values.principal, values.secret),
  );
  const carriers = await faults.readLater(() =>
    clientCarriers(values, process.env, { name: 'master', text: values.master }),
  );
  faults.end();
  return {
    place: place.value,
    request: request.value,
    framework: framework.value,
    credential: credential.value,
    carriers: carriers.value,
  };
}

/** What the master tells of its cluster, or why it does not. */
async function clusterOf(
  address: string,
  credential: Credential | undefined,
  dialer: Dialer,
): Promise<Cluster | string> {
  try {
    const client = new OperatorClient({
      address,
      credential,
      dialer,
      timeoutMs: ANSWER_MS,
    });
    const { get_agents } = await client.master({ type: MasterCall_Type.GET_AGENTS });
    const { get_quota } = await client.master({ type: MasterCall_Type.GET_QUOTA });
    return { agents: get_agents?.agents ?? [], quotas: get_quota?.status.configs ?? [] };
  } catch (error) {
    const why = errorText(error);
    return `why there is none that is enough, the master does not tell (${why})`;
  }
}

/** Output of tasks in a group has the task's id before each line. */
function prefixed({ task_id }: TaskInfo, data: Uint8Array): string {
  const text = Buffer.from(data).toString();
  return text.replaceAll(/^(?=.)/gm, `[${task_id.value}] `);
}

/** Without a failover timeout, as in Mesos: the task ends with the connection of this command. */
function frameworkOf(name: string, values: ExecuteFlags): FrameworkInfo {
  return {
    user: currentUser(),
    name: `mesos-execute instance: ${name}`,
    roles: [values.role],
    checkpoint: values.checkpoint,
    capabilities: capabilitiesOf([
      'MULTI_ROLE',
      'RESERVATION_REFINEMENT',
      'TASK_KILLING_STATE',
      ...(values.partition_aware ? ['PARTITION_AWARE'] : []),
      ...(values.framework_capabilities ?? []),
    ]),
    ...(values.principal === undefined ? {} : { principal: values.principal }),
  };
}
