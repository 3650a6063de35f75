// Outgoing connections to agents: one for each address, and lost links are reported once.
import net, { type AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { MessageReader } from '../support/message-reader.ts';
import { isType, MiniMachine, type MiniMaster, startMaster, stopMasters } from './mini-master.ts';

/** Listens as an agent does, and keeps what it receives. */
class Peer {
  readonly received: string[] = [];
  readonly sockets = new Set<net.Socket>();
  accepted = 0;
  #watchers: (() => void)[] = [];
  readonly #server = net.createServer((socket) => {
    this.accepted++;
    this.sockets.add(socket);
    const reader = new MessageReader();
    socket.on('data', (chunk: Buffer) => {
      for (const { from, to, name } of reader.push(chunk)) {
        this.received.push(`${from} -> ${to}: ${name}`);
      }
      this.#wake();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.sockets.delete(socket);
      this.#wake();
    });
  });

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async until(fits: () => boolean): Promise<void> {
    while (!fits()) {
      await new Promise<void>((resolve) => this.#watchers.push(resolve));
    }
  }

  dropAll(): void {
    for (const socket of this.sockets) {
      socket.destroy();
    }
  }

  close(): void {
    this.dropAll();
    this.#server.close();
  }

  #wake(): void {
    for (const watcher of this.#watchers.splice(0)) {
      watcher();
    }
  }
}

const peers: Peer[] = [];

async function start(): Promise<{ master: MiniMaster; peer: Peer }> {
  const peer = await new Peer().listen();
  peers.push(peer);
  return { master: await startMaster({}, new MiniMachine()), peer };
}

afterEach(async () => {
  for (const peer of peers.splice(0)) {
    peer.close();
  }
  await stopMasters();
});

const ping = { name: 'PingAgentMessage', body: { connected: true } } as const;

function send(master: MiniMaster, to: string, from?: string): void {
  master.server.perform({
    type: 'sendToAgent',
    to,
    ...(from === undefined ? {} : { from }),
    message: ping,
  });
}

describe('links', () => {
  test('carry messages of several processes to several processes of one address, in order', async () => {
    const { master, peer } = await start();
    master.server.perform({ type: 'link', address: peer.address });
    send(master, `slave(1)@${peer.address}`);
    send(master, `slave(2)@${peer.address}`, 'slave-observer(2)');
    send(master, `slave(1)@${peer.address}`);
    await peer.until(() => peer.received.length === 3);
    const own = master.server.port.address;
    expect(peer.received).toEqual([
      `master@${own} -> slave(1): PingAgentMessage`,
      `slave-observer(2)@${own} -> slave(2): PingAgentMessage`,
      `master@${own} -> slave(1): PingAgentMessage`,
    ]);
    expect(peer.accepted).toBe(1);
  });

  test('are reported lost once, and come back when they are asked for', async () => {
    const { master, peer } = await start();
    master.server.perform({ type: 'link', address: peer.address });
    send(master, `slave(1)@${peer.address}`);
    await peer.until(() => peer.received.length === 1);
    peer.dropAll();
    const lost = await master.machine.seen(isType('linkLost'));
    expect(lost.address).toBe(peer.address);
    // Messages get through without a link.
    send(master, `slave(1)@${peer.address}`);
    await peer.until(() => peer.received.length === 2);
    master.server.perform({ type: 'link', address: peer.address });
    send(master, `slave(1)@${peer.address}`);
    await peer.until(() => peer.received.length === 3);
    expect(peer.accepted).toBe(2);
    expect(master.machine.events.filter(isType('linkLost'))).toHaveLength(1);
  });

  test('are lost when no process listens', async () => {
    const { master, peer } = await start();
    const { address } = peer;
    peer.close();
    master.server.perform({ type: 'link', address });
    expect((await master.machine.seen(isType('linkLost'))).address).toBe(address);
  });

  test('say nothing of connections without a link', async () => {
    const { master, peer } = await start();
    send(master, `slave(1)@${peer.address}`);
    await peer.until(() => peer.received.length === 1);
    peer.dropAll();
    await peer.until(() => peer.sockets.size === 0);
    while (master.server.open.links > 0) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(master.machine.events).toEqual([]);
  });

  test('to an address that is not valid are lost, too', async () => {
    const { master } = await start();
    master.server.perform({ type: 'link', address: '0.0.0.0:0' });
    expect((await master.machine.seen(isType('linkLost'))).address).toBe('0.0.0.0:0');
  });

  test('deliver what was sent before they are closed', async () => {
    const { master, peer } = await start();
    for (let i = 0; i < 100; i++) {
      send(master, `slave(1)@${peer.address}`);
    }
    await master.server.port.close();
    await peer.until(() => peer.received.length === 100);
  });

  test('give up a peer that takes nothing', async () => {
    const { master, peer } = await start();
    master.server.perform({ type: 'link', address: peer.address });
    send(master, `slave(1)@${peer.address}`);
    await peer.until(() => peer.received.length === 1);
    for (const socket of peer.sockets) {
      socket.pause();
    }
    const data = new Uint8Array(4 * 1024 * 1024);
    for (let i = 0; i < 64 && master.server.open.links > 0; i++) {
      master.server.perform({
        type: 'sendToAgent',
        to: `slave(1)@${peer.address}`,
        message: {
          name: 'FrameworkToExecutorMessage',
          body: {
            agent_id: { value: 'a' },
            framework_id: { value: 'f' },
            executor_id: { value: 'e' },
            data,
          },
        },
      });
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await master.machine.seen(isType('linkLost'))).address).toBe(peer.address);
  });
});
