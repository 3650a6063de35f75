// How much goes from one container to another where both have ports of the machine's address,
// beside what goes through the loopback between processes of the machine.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ContainerLoad } from '../containers/load.ts';
import { type SharedOptions, withAgent } from '../containers/one-agent.ts';
import type { Measurement } from '../report.ts';
import type { Streamed } from './stream.ts';

const ADDRESS = '10.89.0.2';
const GATEWAY = '10.89.0.1';
const PORT = 31_000;
/** Of no container. */
const OWN_PORT = 5_007;
const SENT_MS = 2_000;
const LOOK_MS = 20;
const SCRIPT = join(import.meta.dirname, 'stream.ts');

/** Without weights of CPU time, which the loopback's processes have not either. */
const FLAGS = ['--isolation=network/port_mapping,filesystem/linux'];
const RESOURCES = 'ports:[31000-31999];ephemeral_ports:[32768-36863]';

/** A public link, which port mapping needs, to nowhere. */
const LINK = `
ip link add eth0 type veth peer name nowhere
ip address add ${ADDRESS}/24 dev eth0
ip link set eth0 up
ip link set nowhere up
ip route add default via ${GATEWAY}
echo '50000 60000' > /proc/sys/net/ipv4/ip_local_port_range
`;

export async function throughput(
  options: SharedOptions & { readonly folder: string },
): Promise<Measurement[]> {
  if (!existsSync('/proc/sys/net/ipv4/conf/eth0')) {
    execFileSync('sh', ['-ec', LINK]);
  }
  const folder = join(options.folder, 'streams');
  mkdirSync(folder, { recursive: true });
  const loopback = join(folder, 'loopback');
  const before = await loopbackRate(loopback);
  const flags = ['--launcher=linux', `--oci_runtime=${options.runtime}`, ...FLAGS];
  const [containers, meanwhile] = await withAgent(
    { ...options, resources: RESOURCES },
    flags,
    async (agent) => {
      await agent.start();
      const rate = await containersRate(`127.0.0.1:${options.port}`, join(folder, 'containers'));
      // The loopback has the MTU of the public link now.
      return [rate, await loopbackRate(loopback)];
    },
  );
  return [
    { metric: 'throughput', unit: 'MB/s', value: containers.rate },
    { metric: 'loopback', unit: 'MB/s', value: meanwhile.rate },
    { metric: 'loopback before', unit: 'MB/s', value: before.rate },
    { metric: 'throughput / loopback', unit: 'times', value: containers.rate / meanwhile.rate },
    { metric: 'throughput.cpu', unit: 'ms/GB', value: containers.cpu },
    { metric: 'loopback.cpu', unit: 'ms/GB', value: meanwhile.cpu },
    {
      metric: 'loopback.cpu / throughput.cpu',
      unit: 'times',
      value: meanwhile.cpu / containers.cpu,
    },
  ];
}

interface Rate {
  /** MB a second. */
  readonly rate: number;
  /** Milliseconds of the processor for each GB, of both sides. */
  readonly cpu: number;
}

async function loopbackRate(file: string): Promise<Rate> {
  const node = (...parameters: string[]) =>
    spawn(process.execPath, [SCRIPT, ...parameters], { stdio: 'inherit' });
  node('receive', `${file}.in`, String(OWN_PORT));
  await appeared(`${file}.in.ready`);
  node('send', `${file}.out`, '127.0.0.1', String(OWN_PORT), String(SENT_MS));
  return rateIn(file);
}

async function containersRate(master: string, file: string): Promise<Rate> {
  const load = (parameters: string, port: number) =>
    new ContainerLoad({
      ...{ master, tasks: 1, group: 0, port },
      command: `exec ${process.execPath} ${SCRIPT} ${parameters}`,
    });
  const receiver = load(`receive ${file}.in ${PORT}`, PORT);
  await receiver.launched();
  await appeared(`${file}.in.ready`);
  const sender = load(`send ${file}.out ${ADDRESS} ${PORT} ${SENT_MS}`, PORT + 1);
  await sender.finished();
  const rate = await rateIn(file);
  await Promise.all([sender.end(), receiver.end()]);
  return rate;
}

async function rateIn(file: string): Promise<Rate> {
  const [received, sent] = [await streamed(`${file}.in`), await streamed(`${file}.out`)];
  rmSync(`${file}.in.ready`);
  return {
    rate: received.bytes / 1_000 / received.ms,
    cpu: ((received.cpuMs + sent.cpuMs) * 1e9) / received.bytes,
  };
}

async function streamed(file: string): Promise<Streamed> {
  await appeared(file);
  const told = JSON.parse(readFileSync(file, 'utf8')) as Streamed;
  rmSync(file);
  return told;
}

async function appeared(file: string): Promise<void> {
  while (!existsSync(file)) {
    await delay(LOOK_MS);
  }
}
