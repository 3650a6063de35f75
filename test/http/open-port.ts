// A port of the loopback that believes whoever says who sends a message; closed, with its clients,
// after the test.
import { afterEach } from 'vitest';
import { Senders } from '../../src/http/senders/senders.ts';
import { Front, type FrontOptions } from '../../src/http/transport/listener.ts';
import { silentLogger } from '../../src/runtime/logger.ts';
import { Turn } from '../../src/runtime/turn.ts';
import { RawSocket } from './raw-socket.ts';

const fronts: Front[] = [];
const clients: RawSocket[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) {
    client.close();
  }
  await Promise.all(fronts.splice(0).map((front) => front.close()));
});

type What = Pick<FrontOptions, 'receive' | 'handler'> & Partial<FrontOptions>;

/** `isLinked`: every address is one that we are linked to. `connect` sends bytes at once. */
export async function openPort({ isLinked = false, ...what }: What & { isLinked?: boolean }) {
  const front = await Front.listen({
    host: '127.0.0.1',
    port: 0,
    turn: new Turn(),
    pressure: { saturated: false, whenDrained: (resume) => resume() },
    senders: new Senders({
      isChecked: false,
      ownAddress: () => '',
      isLinked: () => isLinked,
      logger: silentLogger,
    }),
    ...what,
  });
  fronts.push(front);
  const connect = async (bytes = '') => {
    const client = await RawSocket.connect(front.address.port);
    clients.push(client);
    await client.write(bytes);
    return client;
  };
  return { front, connect };
}
