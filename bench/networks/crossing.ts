// Containers of a network, each connected with another one.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ownProcessesNamed } from '../../src/containerizer/host/process-table.ts';
import { TASK_PROGRAM } from '../containers/load.ts';

const SCRIPT = join(import.meta.dirname, 'cross.py');
const MOST_MS = 60_000;
const LOOK_MS = 50;

interface Status {
  readonly container_status?: {
    readonly network_infos?: readonly {
      readonly ip_addresses?: readonly { readonly ip_address?: string }[];
    }[];
  };
}

/** The first address of each task that runs, as the master's statuses have it. */
async function addressesOf(master: string): Promise<string[]> {
  const answer = await fetch(`http://${master}/tasks?limit=10000`);
  const { tasks } = (await answer.json()) as {
    tasks: { readonly state: string; readonly statuses: readonly Status[] }[];
  };
  return tasks
    .filter(({ state }) => state === 'TASK_RUNNING')
    .map(({ statuses }) => {
      const infos = statuses.at(-1)?.container_status?.network_infos;
      return infos?.[0]?.ip_addresses?.[0]?.ip_address ?? '';
    });
}

/**
 * Connects each of the containers in the agent's folder with another one; tells how long that took.
 * Rejects where one cannot be, or has another address than its status tells.
 */
export async function crossed(master: string, folder: string): Promise<number> {
  const addresses = await addressesOf(master);
  let namespaces: readonly string[] = [];
  while (namespaces.length < addresses.length) {
    await delay(LOOK_MS);
    namespaces = namespacesOf(folder);
  }
  const beganMs = performance.now();
  const { status, stdout, stderr } = spawnSync('python3', [SCRIPT], {
    input: namespaces.join('\n'),
    encoding: 'utf8',
    timeout: MOST_MS,
  });
  const ms = performance.now() - beganMs;
  if (status !== 0 || stdout.trim() !== addresses.toSorted().join('\n')) {
    throw new Error(`${addresses.length} containers cannot be connected: ${stdout}${stderr}`);
  }
  return ms;
}

/** Of the processes of containers, which may begin after their tasks are told to run. */
const namespacesOf = (folder: string): string[] =>
  [...ownProcessesNamed(TASK_PROGRAM)]
    .filter(([where]) => where?.startsWith(folder))
    .flatMap(([, pids]) => pids.map((pid) => `/proc/${pid}/ns/net`));
