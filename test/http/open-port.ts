// A port on the loopback that believes every sender; it is closed, with its clients, after the
// test.
import { afterEach } from 'vitest';
import { Senders } from '../../src/http/senders/senders.ts';
import { plainCarriers } from '../../src/http/transport/carriers.ts';
import { Listener, type ListenerOptions } from '../../src/http/transport/listener.ts';
import { IoTurn } from '../../src/runtime/io-turn.ts';
import { silentLogger } from '../../src/runtime/logger.ts';
import { RawSocket } from './raw-socket.ts';

const listeners: Listener[] = [];
const clients: RawSocket[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) {
    client.close();
  }
  await Promise.all(listeners.splice(0).map((listener) => listener.close()));
});

type What = Pick<ListenerOptions, 'receive' | 'handler'> & Partial<ListenerOptions>;

/** With `isLinked`, every address counts as linked. `connect` sends bytes at once. */
export async function openPort({ isLinked = false, ...what }: What & { isLinked?: boolean }) {
  const listener = await Listener.listen({
    host: '127.0.0.1',
    port: 0,
    secure: plainCarriers.secure,
    turn: new IoTurn(),
    pressure: { saturated: false, whenDrained: (resume) => resume() },
    senders: new Senders({
      isChecked: false,
      ownAddress: () => '',
      isLinked: () => isLinked,
      dialer: plainCarriers.dialer,
      logger: silentLogger,
    }),
    ...what,
  });
  listeners.push(listener);
  const connect = async (bytes = '') => {
    const client = await RawSocket.connect(listener.address.port);
    clients.push(client);
    await client.write(bytes);
    return client;
  };
  return { listener, connect };
}
