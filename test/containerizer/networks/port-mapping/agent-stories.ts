// Containers of an agent that maps ports. Functions that run in the network of a test, and return
// what came of it.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { NO_DNS } from '../../../../src/containerizer/networks/container-dns.ts';
import { portsResource } from '../../../../src/containerizer/plan/ports.ts';
import { type TaskInfo, TaskState } from '../../../../src/model/generated/messages.ts';
import { DriverHarness } from '../../../agent-driver/harness.ts';
import { type Changes, OPTIONS } from './mapped-machine.ts';

const execute = promisify(execFile);
const ADDRESS = '10.9.0.2';

interface Opening {
  readonly isolation?: readonly string[];
  readonly changes?: Changes | undefined;
}

const MAPPING = ['network/port_mapping', 'posix/cpu', 'posix/mem'];

/** `changes`: undefined where the agent maps no ports. */
const openAgent = (folder: string, { isolation = MAPPING, changes = {} }: Opening = {}) =>
  DriverHarness.open(join(folder, 'work'), {
    launcher: 'linux',
    isolation: [...isolation],
    networks: {
      namespaces: join(folder, 'namespaces'),
      cni: { configFolder: undefined, pluginFolders: '' },
      ports: isolation === MAPPING ? { ...OPTIONS, ...changes } : undefined,
      hasMetrics: false,
      dns: NO_DNS,
    },
  });

const ports = (begin: number, end: number) => [portsResource([{ begin, end }])];

const launch = (harness: DriverHarness, value: string, more: Partial<TaskInfo> = {}) =>
  harness.launch({ task: { command: { value }, ...more }, checkpoint: true });

/** What is heard at a port of the machine, as soon as somebody listens there. */
async function heardAt(port: number): Promise<string> {
  const script = `until busybox nc -w 5 ${ADDRESS} ${port} < /dev/null; do sleep 0.05; done`;
  return (await execute('sh', ['-c', script], { timeout: 20_000 })).stdout.trim();
}

const deaf = (port: number): Promise<boolean> =>
  execute('busybox', ['nc', '-w', '5', ADDRESS, String(port)]).then(
    () => false,
    () => true,
  );

/** Links and filters of containers. */
async function left(): Promise<readonly string[]> {
  const look =
    'ip -brief link | grep -o "^mesos-p[0-9]*"; tc filter show dev eth0 ingress; tc filter show dev lo ingress';
  const { stdout } = await execute('sh', ['-c', `${look}; true`]);
  return stdout.split('\n').filter(Boolean);
}

const listening = (port: number, command: string) => `exec busybox nc -ll -p ${port} -e ${command}`;

/** One after the other has the same port, from the moment on at which the end of one is told. */
export async function handedOn(folder: string): Promise<readonly string[]> {
  const harness = await openAgent(folder);
  const ends: string[] = [];
  for (let at = 0; at < 3; at++) {
    const id = launch(harness, 'true', { resources: ports(31_000, 31_001) });
    ends.push(String((await harness.terminalStatus(id)).message));
  }
  await harness.end();
  return [...ends, ...(await left())];
}

/** In which network the tasks of a pod are. */
export async function pod(folder: string): Promise<Readonly<Record<string, boolean>>> {
  const harness = await openAgent(folder);
  const serving = (name: string, port: number) => ({
    name,
    command: { value: listening(port, 'readlink /proc/self/ns/net') },
    resources: ports(port, port),
  });
  const id = harness.launch({ group: [serving('one', 31_001), serving('two', 31_006)] });
  const one = await heardAt(31_001);
  const two = await heardAt(31_006);
  const machine = (await execute('readlink', ['/proc/self/ns/net'])).stdout.trim();
  harness.destroy(id);
  await harness.ended(id);
  await harness.end();
  return { isShared: one === two, isOwn: /^net:/.test(one) && one !== machine };
}

/** What a container of an agent that is killed has, the next one changes and removes. */
export async function outlived(folder: string): Promise<Readonly<Record<string, unknown>>> {
  const first = await openAgent(folder);
  const more = { resources: ports(31_000, 31_001) };
  const task = { command: { value: listening(31_003, 'echo hello') }, ...more };
  const id = first.launch({ container: 'c1', task, checkpoint: true });
  await first.status(id, TaskState.TASK_RUNNING);
  const before = await deaf(31_003);
  await first.driver.close();
  const second = await openAgent(folder);
  second.reattach({ container: 'c1', task, checkpoint: true });
  second.driver.perform({
    type: 'resizeContainer',
    containerId: id,
    resources: ports(31_000, 31_003),
  });
  const after = await heardAt(31_003);
  const statistics = await second.driver.usage(id);
  second.destroy(id);
  await second.ended(id);
  await second.end();
  return {
    before,
    after,
    ephemeral: statistics?.net_ephemeral_ports,
    hasCounted: (statistics?.net_rx_packets ?? 0) > 0,
    left: await left(),
  };
}

/** An agent that maps no ports any more removes what an earlier one has made. */
export async function outgrown(folder: string): Promise<readonly string[]> {
  const task = { command: { value: 'sleep 1000' }, resources: ports(31_000, 31_001) };
  const asked = { container: 'c1', task, checkpoint: true };
  const first = await openAgent(folder);
  await first.status(first.launch(asked), TaskState.TASK_RUNNING);
  await first.driver.close();
  const second = await openAgent(folder, { isolation: ['posix/cpu'] });
  const id = second.reattach(asked);
  second.destroy(id);
  await second.ended(id);
  await second.end();
  return left();
}
