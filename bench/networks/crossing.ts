// Containers of a network, each connected to from every other one.
import { execFile } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ownProcessesNamed } from '../../src/containerizer/host/process-table.ts';

/** What containers run to be connected to. */
export const SERVICE = 'exec busybox httpd -f -p 80';
const PROGRAM = 'busybox';
const LOOK_MS = 50;

/** Called with addresses; prints those that it cannot connect to. */
const PROBE = `for address; do
  { exec 3<>/dev/tcp/$address/80; } 2>/dev/null && exec 3>&- || echo $address
done`;

interface Status {
  readonly container_status?: {
    readonly network_infos?: readonly {
      readonly ip_addresses?: readonly { readonly ip_address?: string }[];
    }[];
  };
}

/** The first address of each task that runs, as the master's statuses have it. */
export async function addressesOf(master: string): Promise<string[]> {
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

/** Resolves when all answer to the machine. */
export async function answering(addresses: readonly string[]): Promise<void> {
  while ((await silent([], addresses)) !== '') {
    await delay(LOOK_MS);
  }
}

/**
 * How many pairs were connected, of containers in the agent's folder. Rejects where one cannot be.
 */
export async function crossed(folder: string, addresses: readonly string[]): Promise<number> {
  const services = [...ownProcessesNamed(PROGRAM)]
    .filter(([where]) => where?.startsWith(folder))
    .flatMap(([, pids]) => pids);
  if (services.length !== addresses.length || new Set(addresses).size !== addresses.length) {
    throw new Error(`${services.length} containers have the addresses ${addresses.join(' ')}`);
  }
  for (const pid of services) {
    const found = await silent(['nsenter', `--net=/proc/${pid}/ns/net`], addresses);
    if (found !== '') {
      throw new Error(`from the container of process ${pid} these do not answer: ${found}`);
    }
  }
  return services.length * addresses.length;
}

/** Those that cannot be connected to by what the command enters. */
async function silent(entering: readonly string[], addresses: readonly string[]): Promise<string> {
  const line = [...entering, 'bash', '-c', PROBE, 'probe', ...addresses];
  const [program = '', ...parameters] = line;
  return (await promisify(execFile)(program, parameters)).stdout;
}
