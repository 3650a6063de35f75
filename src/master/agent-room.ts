// What agents tell when they register, in number and bytes: of all of them, and of those at one IP address. Agents do
// not authenticate, so a stranger may register any number. One who does fills the room of an address, and newcomers
// from there are refused; agents that are known come back as long as their own address has room.
import {
  MAX_ADDRESS_AGENTS,
  MAX_ADDRESS_BYTES,
  MAX_AGENTS,
  MAX_AGENTS_BYTES,
} from './validation/agent-bounds.ts';

/** What one agent takes. `ip` is undefined of one that the registry names, and that has not come yet. */
interface Place {
  readonly ip: string | undefined;
  readonly bytes: number;
}

interface Sum {
  agents: number;
  bytes: number;
}

export class AgentRoom {
  readonly #places = new Map<string, Place>();
  readonly #all: Sum = { agents: 0, bytes: 0 };
  readonly #byIp = new Map<string, Sum>();

  /** Why there is no room for what an agent tells. One that has a place keeps it at least. */
  error(id: string, ip: string, bytes: number): string | undefined {
    const had = this.#places.get(id);
    const there = this.#byIp.get(ip) ?? { agents: 0, bytes: 0 };
    const isHere = had?.ip === ip;
    if (!isHere && there.agents >= MAX_ADDRESS_AGENTS) {
      return `There are ${MAX_ADDRESS_AGENTS} agents at ${ip} already, which is as many as may be`;
    }
    if (there.bytes - (isHere ? had.bytes : 0) + bytes > MAX_ADDRESS_BYTES) {
      return `The agents at ${ip} would tell more than ${MAX_ADDRESS_BYTES} bytes of themselves`;
    }
    if (had !== undefined) {
      return undefined;
    }
    if (this.#all.agents >= MAX_AGENTS) {
      return `There are ${MAX_AGENTS} agents already, which is as many as may be`;
    }
    return this.#all.bytes + bytes > MAX_AGENTS_BYTES
      ? `All agents would tell more than ${MAX_AGENTS_BYTES} bytes of themselves`
      : undefined;
  }

  /** Gives an agent its place, instead of the one it had. */
  take(id: string, ip: string | undefined, bytes: number): void {
    this.leave(id);
    this.#places.set(id, { ip, bytes });
    this.#count({ ip, bytes }, 1);
  }

  leave(id: string): void {
    const place = this.#places.get(id);
    if (place !== undefined) {
      this.#places.delete(id);
      this.#count(place, -1);
    }
  }

  #count({ ip, bytes }: Place, sign: 1 | -1): void {
    add(this.#all, bytes, sign);
    if (ip === undefined) {
      return;
    }
    const there = this.#byIp.get(ip) ?? { agents: 0, bytes: 0 };
    add(there, bytes, sign);
    if (there.agents === 0) {
      this.#byIp.delete(ip);
    } else {
      this.#byIp.set(ip, there);
    }
  }
}

function add(sum: Sum, bytes: number, sign: 1 | -1): void {
  sum.agents += sign;
  sum.bytes += sign * bytes;
}
