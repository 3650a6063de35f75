// A cluster on a machine of its own whose tasks join networks: how they are run, and what its
// master tells of them.
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LITTLE, type Program, TestCluster, until } from '../../support/cluster.ts';
import { NetworkNamespace } from '../../support/network-namespace.ts';
import { curlArguments } from '../../support/requests.ts';
import type { TaskEnd } from '../../support/task-runner.ts';
import { ContainerNetworks, type Remains } from './container-networks.ts';

interface Info {
  readonly name?: string;
  readonly ip_addresses?: readonly { readonly ip_address: string }[];
}

interface Task {
  readonly name: string;
  readonly state: string;
  readonly statuses: readonly {
    readonly healthy?: boolean;
    readonly container_status?: { readonly network_infos?: readonly Info[] };
  }[];
}

/** The name of a network, or all of a NetworkInfo. */
type Asked = string | object;

interface More {
  /** Of the container. */
  readonly container?: object;
  /** Of the task. */
  readonly [field: string]: unknown;
}

/** A task on networks, and what it is besides. */
export const joining = (
  name: string,
  value: string,
  networks: readonly Asked[],
  { container, ...more }: More = {},
) => ({
  name,
  task_id: { value: name },
  resources: LITTLE,
  command: { value },
  container: {
    type: 'MESOS',
    network_infos: networks.map((it) => (typeof it === 'string' ? { name: it } : it)),
    ...container,
  },
  ...more,
});

/** What a task runs that answers with its name. */
export const service = (name: string, port = 80) =>
  `echo ${name} > index.html; exec busybox httpd -f -p ${port}`;

export class NetworkCluster extends TestCluster implements AsyncDisposable {
  readonly machine: NetworkNamespace;
  readonly networks: ContainerNetworks;

  private constructor(machine: NetworkNamespace) {
    super(machine);
    this.machine = machine;
    this.networks = new ContainerNetworks(this.folder);
  }

  /** With networks of these names, each with a bridge. Nothing runs yet. */
  static async make(...names: readonly string[]): Promise<NetworkCluster> {
    const cluster = new NetworkCluster(await NetworkNamespace.make());
    for (const name of names) {
      cluster.networks.bridge(name);
    }
    return cluster;
  }

  /** When these tasks run, what the master tells of them. */
  running(...names: readonly string[]): Promise<readonly Task[]> {
    return until(`${names.join(', ')} run`, async () => {
      const { tasks } = (await this.get('/tasks')) as { tasks: readonly Task[] };
      const found = tasks.filter(
        ({ name, state }) => names.includes(name) && state === 'TASK_RUNNING',
      );
      const inOrder = names.flatMap((name) => found.find((task) => task.name === name) ?? []);
      return inOrder.length === names.length && inOrder;
    });
  }

  launched(task: ReturnType<typeof joining>, ...flags: readonly string[]): Program {
    return this.execute(task.name, 'task', task, ...flags);
  }

  /** How tasks end, all of which are launched at once. */
  ends(tasks: Readonly<Record<string, object>>): Promise<Readonly<Record<string, TaskEnd>>> {
    const runner = import.meta.resolve('../../support/task-runner.ts');
    return this.machine.call(runner, 'endsOfAll', { master: this.address, tasks });
  }

  /** A call of the agent's API: the status of the answer, and its text. */
  async call(
    type: string,
    part: object,
  ): Promise<{ readonly status: number; readonly text: string }> {
    const body = JSON.stringify({ type, [type.toLowerCase()]: part });
    const flags = ['-sS', '-w', '\n%{http_code}', '-H', 'Content-Type: application/json'];
    const target = curlArguments(this.agent, '/api/v1');
    const output = await this.machine.run('curl', ...flags, '-d', body, ...target);
    const at = output.lastIndexOf('\n');
    return { status: Number(output.slice(at)), text: output.slice(0, at) };
  }

  /** A container that stands alone, on networks. */
  launch(id: string, value: string, networks: readonly Asked[]) {
    const { command, container } = joining(id, value, networks);
    return this.call('LAUNCH_CONTAINER', { container_id: { value: id }, command, container });
  }

  /** Ends one that stands alone. */
  async end(id: string): Promise<void> {
    const container_id = { value: id };
    await this.call('KILL_CONTAINER', { container_id });
    await this.call('WAIT_CONTAINER', { container_id });
    await this.call('REMOVE_CONTAINER', { container_id });
  }

  /** The ids of containers that stand alone; undefined: the agent does not know them yet. */
  async alone(): Promise<readonly string[] | undefined> {
    const { status, text } = await this.call('GET_CONTAINERS', { show_standalone: true });
    const { get_containers = {} } = status === 200 ? JSON.parse(text) : {};
    return status === 200
      ? (get_containers.containers ?? []).map(
          ({ container_id }: { container_id: { value: string } }) => container_id.value,
        )
      : undefined;
  }

  /** As if the machine had been started again: what is on no disk is gone, and no agent runs. */
  async reboot(): Promise<void> {
    await this.agentProgram.kill('SIGKILL');
    const agent = join(this.folder, 'agent');
    for (const pid of processesWith(agent)) {
      process.kill(pid, 'SIGKILL');
    }
    const boot = join(this.folder, 'boot');
    writeFileSync(boot, `${randomUUID()}\n`);
    await this.machine.shell(`
      grep -o '${agent}[^ ]*' /proc/self/mountinfo | tac | while read -r path; do
        umount -l $path || true
      done
      for link in $(ip -brief link show type bridge | cut -d' ' -f1); do ip link del $link; done
      for table in filter nat; do iptables -t $table -F; iptables -t $table -X; done
      mount --bind ${boot} /proc/sys/kernel/random/boot_id`);
    rmSync(join(agent, 'run'), { recursive: true, force: true });
  }

  /** When nothing of containers' networks is left; rejects with what is. */
  async empty(): Promise<void> {
    let left: Remains | undefined;
    try {
      await until('nothing is left of networks', async () => {
        left = await this.remains();
        return Object.values(left).flat().length === 0;
      });
    } catch (cause) {
      throw new Error(`Networks have left ${JSON.stringify(left)}\n${this.agentProgram.log}`, {
        cause,
      });
    }
  }

  remains(): Promise<Remains> {
    return this.networks.remains(this.machine, join(this.folder, 'agent'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.machine[Symbol.asyncDispose]();
  }
}

/** The addresses that the last status of a task tells, by the network. */
export const addressesOf = ({ statuses }: Task): Readonly<Record<string, readonly string[]>> =>
  Object.fromEntries(
    (statuses.at(-1)?.container_status?.network_infos ?? []).map(({ name = '', ip_addresses }) => [
      name,
      (ip_addresses ?? []).map(({ ip_address }) => ip_address),
    ]),
  );

export const isHealthy = ({ statuses }: Task) => statuses.at(-1)?.healthy === true;

/** Processes that have this in their command line or environment. */
function processesWith(text: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) =>
      ['cmdline', 'environ'].some((name) => read(`/proc/${pid}/${name}`).includes(text)),
    )
    .map(Number);
}

/** Empty where the process has ended. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
