// The leading master, as a command knows it: the one at a given address, or whoever leads by
// ZooKeeper, one after the other.
import type { MasterAddress } from '../coordination/static-detector.ts';
import type { Carriers } from '../http/transport/carriers.ts';
import { formatAddress } from '../model/address.ts';
import { type MasterPlace, openDetector } from './master-flag.ts';
import { expectLeader, expectName } from './process/carriers.ts';

export interface CommandMaster {
  /** `ip:port` of the present leader; where there is none, of the last one. */
  readonly address: string;
  /** Calls `onMoved` with the address of each master that leads afterwards. */
  follow(onMoved: (address: string) => void): void;
  /** Looks for no other leader. */
  close(): void;
}

/** How long a session with ZooKeeper lasts without an answer, as with Mesos's drivers. */
const SESSION_TIMEOUT_MS = 10_000;
/** When no master has been found by then, the terminal shows that the command waits. */
const PATIENCE_MS = 1_500;

/** Waits until a master leads. `say` prints a line on the terminal. */
export function findLeader(
  place: MasterPlace<MasterAddress>,
  carriers: Carriers,
  say: (text: string) => void,
): Promise<CommandMaster> {
  if (place.type === 'ensemble') {
    return elected(place, carriers, say);
  }
  const { ip, port } = place.address;
  expectName(carriers, place.address);
  return Promise.resolve({
    address: formatAddress({ host: ip, port }),
    follow: () => undefined,
    close: () => undefined,
  });
}

async function elected(
  place: Extract<MasterPlace, { type: 'ensemble' }>,
  carriers: Carriers,
  say: (text: string) => void,
): Promise<CommandMaster> {
  const detector = await openDetector(place, {
    sessionTimeoutMs: SESSION_TIMEOUT_MS,
    log: (level, text) => (level === 'error' || level === 'warn' ? say(text) : undefined),
  });
  const found = Promise.withResolvers<void>();
  const patience = setTimeout(() => {
    const { servers, path } = place.url;
    say(`Waiting for a leading master in ZooKeeper at ${servers.join(',')}${path} …`);
  }, PATIENCE_MS);
  let address = '';
  let onMoved: (address: string) => void = () => undefined;
  const close = detector.watch((leader) => {
    const at = leader && expectLeader(carriers, leader);
    if (at !== undefined) {
      address = at;
      onMoved(at);
      found.resolve();
    }
  });
  await found.promise;
  clearTimeout(patience);
  return {
    get address() {
      return address;
    },
    follow: (listener) => {
      onMoved = listener;
    },
    close,
  };
}
