// The leading master, as a command knows it: the one at a given address, or whoever leads by
// ZooKeeper, one after the other.
import type { MasterAddress } from '../coordination/static-detector.ts';
import type { Carriers } from '../http/transport/carriers.ts';
import { formatAddress } from '../model/address.ts';
import { formatDuration } from '../model/duration.ts';
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

/** No master was found to lead in time. */
class LateLeaderError extends Error {
  readonly code = 'MESOSCALE_LATE_LEADER';
}

/**
 * Waits until a master leads. `say` prints a line on the terminal. Rejects with LateLeaderError
 * where none does within so many milliseconds; 0: waits on.
 */
export function findLeader(
  place: MasterPlace<MasterAddress>,
  carriers: Carriers,
  say: (text: string) => void,
  withinMs = 0,
): Promise<CommandMaster> {
  if (place.type === 'ensemble') {
    return elected(place, carriers, say, withinMs);
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
  withinMs: number,
): Promise<CommandMaster> {
  const where = `${place.url.servers.join(',')}${place.url.path}`;
  const detector = await openDetector(place, {
    sessionTimeoutMs: SESSION_TIMEOUT_MS,
    log: (level, text) => (level === 'error' || level === 'warn' ? say(text) : undefined),
  });
  const tooLate = () =>
    new LateLeaderError(
      `no master leads in ZooKeeper at ${where} within ${formatDuration(withinMs)}; ` +
        '--timeout sets how long one is waited for',
    );
  const found = Promise.withResolvers<void>();
  const patience = setTimeout(() => {
    say(`Waiting for a leading master in ZooKeeper at ${where} …`);
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
  const late = withinMs > 0 ? setTimeout(() => found.reject(tooLate()), withinMs) : undefined;
  try {
    await found.promise;
  } catch (error) {
    close();
    throw error;
  } finally {
    clearTimeout(patience);
    clearTimeout(late);
  }
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
