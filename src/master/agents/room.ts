// The room for agents: how many may register, and how much their registrations may take in bytes,
// in all and at one IP address. Where agents need not authenticate, a stranger could register any
// number. Such agents fill the room of their address, after which new agents from there are
// refused; known agents at other addresses are not affected.
import {
  AGENTS_OF_ADDRESS_SHARE,
  MAX_ADDRESS_AGENTS,
  MAX_AGENTS,
  MAX_AGENTS_AMOUNT,
  MAX_AGENTS_BYTES,
} from '../validation/agent-bounds.ts';

/**
 * What one agent takes of the room. `ip` is undefined for an agent of the registry that has not
 * come back yet.
 */
interface Place {
  readonly ip: string | undefined;
  readonly bytes: number;
  /**
   * The sum of all amounts that the agent has and runs, of whatever name: it bounds the core's sums
   * over the cluster.
   */
  readonly amount: number;
}

interface Sum {
  agents: number;
  bytes: number;
  amount: number;
}

export class AgentRoom {
  private readonly places = new Map<string, Place>();
  private readonly all: Sum = { agents: 0, bytes: 0, amount: 0 };
  /**
   * Amounts that agents have reported since they registered: oversubscribed, or of resource
   * providers.
   */
  private readonly reported = new Map<string, number>();
  private readonly byIp = new Map<string, Sum>();
  private readonly maxBytes: number;

  constructor(maxBytes = MAX_AGENTS_BYTES) {
    this.maxBytes = maxBytes;
  }

  /**
   * Why there is no room for a registration. An agent that has a place may always have as much as
   * before.
   */
  error(id: string, ip: string, bytes: number, amount = 0): string | undefined {
    const had = this.places.get(id);
    const there = this.byIp.get(ip) ?? { agents: 0, bytes: 0, amount: 0 };
    const mostBytes = Math.floor(this.maxBytes * AGENTS_OF_ADDRESS_SHARE);
    const mostAmount = Math.floor(MAX_AGENTS_AMOUNT * AGENTS_OF_ADDRESS_SHARE);
    const isHere = had?.ip === ip;
    if (!isHere && there.agents >= MAX_ADDRESS_AGENTS) {
      return `There are ${MAX_ADDRESS_AGENTS} agents at ${ip} already, which is as many as may be`;
    }
    if (there.bytes - (isHere ? had.bytes : 0) + bytes > mostBytes) {
      return `The agents at ${ip} would tell more than ${mostBytes} bytes of themselves`;
    }
    if (had === undefined && there.amount + amount > mostAmount) {
      return `The agents at ${ip} would have and run more than ${mostAmount} of all resources together`;
    }
    const tooMuch = this.amountError(id, amount);
    if (tooMuch !== undefined || had !== undefined) {
      return tooMuch;
    }
    if (this.all.agents >= MAX_AGENTS) {
      return `There are ${MAX_AGENTS} agents already, which is as many as may be`;
    }
    return this.all.bytes + bytes > this.maxBytes
      ? `All agents would tell more than ${this.maxBytes} bytes of themselves`
      : undefined;
  }

  /** Why the agent's amounts would make the cluster's sums too large. */
  amountError(id: string, amount: number): string | undefined {
    return this.excess(this.places.get(id)?.amount ?? 0, amount);
  }

  private excess(had: number, amount: number): string | undefined {
    return amount > had && this.all.amount - had + amount > MAX_AGENTS_AMOUNT
      ? `All agents would have and run more than ${MAX_AGENTS_AMOUNT} of all resources together`
      : undefined;
  }

  /**
   * Takes amounts that an agent reports after its registration; answers why not, when they are too
   * much.
   */
  report(id: string, amount: number): string | undefined {
    const had = this.reported.get(id) ?? 0;
    const error = this.excess(had, amount);
    if (error === undefined && this.places.has(id)) {
      this.reported.set(id, amount);
      this.all.amount += amount - had;
    }
    return error;
  }

  /** Gives an agent a place, which replaces the one it had. */
  take(id: string, ip: string | undefined, bytes: number, amount = 0): void {
    this.leave(id);
    const place = { ip, bytes, amount };
    this.places.set(id, place);
    this.count(place, 1);
  }

  leave(id: string): void {
    this.all.amount -= this.reported.get(id) ?? 0;
    this.reported.delete(id);
    const place = this.places.get(id);
    if (place !== undefined) {
      this.places.delete(id);
      this.count(place, -1);
    }
  }

  private count(place: Place, sign: 1 | -1): void {
    const { ip } = place;
    add(this.all, place, sign);
    if (ip === undefined) {
      return;
    }
    const there = this.byIp.get(ip) ?? { agents: 0, bytes: 0, amount: 0 };
    add(there, place, sign);
    if (there.agents === 0) {
      this.byIp.delete(ip);
    } else {
      this.byIp.set(ip, there);
    }
  }
}

function add(sum: Sum, { bytes, amount }: Place, sign: 1 | -1): void {
  sum.agents += sign;
  sum.bytes += sign * bytes;
  sum.amount += sign * amount;
}
