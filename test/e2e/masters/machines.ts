// Machines for masters and agents, each a network namespace, on one bridge with that of the test.
// Needs to run in a network namespace of its own, as root.
import { execFileSync } from 'node:child_process';
import { NetworkNamespace } from '../../support/network-namespace.ts';

/** The address of the test's own machine. */
export const HERE = '10.99.0.1';
const ADDRESSES = '10.99.0.';
const BRIDGE = 'masters';

interface Machine {
  readonly network: NetworkNamespace;
  readonly ip: string;
}

export class Machines {
  readonly #machines: ReadonlyMap<string, Machine>;

  private constructor(machines: ReadonlyMap<string, Machine>) {
    this.#machines = machines;
  }

  static async make(...names: readonly string[]): Promise<Machines> {
    ip('link', 'add', BRIDGE, 'type', 'bridge');
    ip('addr', 'add', `${HERE}/24`, 'dev', BRIDGE);
    ip('link', 'set', BRIDGE, 'up');
    const machines = new Map<string, Machine>();
    for (const [index, name] of names.entries()) {
      const network = await NetworkNamespace.make();
      const address = `${ADDRESSES}${index + 10}`;
      const port = `port${index}`;
      const there = ['peer', 'name', 'eth0', 'netns', network.path];
      ip('link', 'add', port, 'type', 'veth', ...there);
      ip('link', 'set', port, 'master', BRIDGE, 'up');
      await network.run('ip', 'addr', 'add', `${address}/24`, 'dev', 'eth0');
      await network.run('ip', 'link', 'set', 'eth0', 'up');
      machines.set(name, { network, ip: address });
    }
    return new Machines(machines);
  }

  of(name: string): Machine {
    const machine = this.#machines.get(name);
    if (machine === undefined) {
      throw new RangeError(`There is no machine ${name}`);
    }
    return machine;
  }

  /** Nothing goes from a machine to another one any more, or, with ports, to these of it. */
  async cut(name: string, other: string, ports: readonly number[] = []): Promise<void> {
    const { network } = this.of(name);
    const each = ports.length === 0 ? [undefined] : ports;
    for (const port of each) {
      const there = port === undefined ? [] : ['-p', 'tcp', '--dport', String(port)];
      const back = port === undefined ? [] : ['-p', 'tcp', '--sport', String(port)];
      await network.run('iptables', '-A', 'OUTPUT', '-d', other, ...there, '-j', 'DROP');
      await network.run('iptables', '-A', 'INPUT', '-s', other, ...back, '-j', 'DROP');
    }
  }

  async heal(name: string): Promise<void> {
    await this.of(name).network.run('iptables', '-F');
  }

  async remove(): Promise<void> {
    await Promise.all([...this.#machines.values()].map((it) => it.network[Symbol.asyncDispose]()));
  }
}

const ip = (...parameters: readonly string[]) => execFileSync('ip', parameters);
