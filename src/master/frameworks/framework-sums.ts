// Sums over the registered frameworks, kept up to date as frameworks come, change and go.
// Frameworks that have subscribed to this master are summed apart from frameworks that only agents
// have told of.
import type { FrameworkId } from '../../model/ids.ts';
import type { Framework } from '../state.ts';

export interface Sums {
  frameworks: number;
  roles: number;
  /** Roles with their ancestors, counted for each framework by itself. */
  tree: number;
  bytes: number;
}

/** The part of a framework in the sums, and in which. */
interface Counted extends Readonly<Sums> {
  readonly isTold: boolean;
  /** IP address of the agent that told of the framework. */
  readonly toldBy: string | undefined;
  readonly principal: string | undefined;
}

const nothing = (): Sums => ({ frameworks: 0, roles: 0, tree: 0, bytes: 0 });

export class FrameworkSums {
  readonly subscribed: Sums = nothing();
  readonly told: Sums = nothing();
  private readonly toldAt = new Map<string | undefined, Sums>();
  private readonly ofPrincipals = new Map<string | undefined, Sums>();
  private readonly counted = new Map<FrameworkId, Counted>();

  /** The sums over frameworks that agents at an IP address have told of. */
  toldBy(ip: string | undefined): Readonly<Sums> {
    return this.toldAt.get(ip) ?? nothing();
  }

  /** The sums over the frameworks of a principal that have subscribed. */
  subscribedBy(principal: string | undefined): Readonly<Sums> {
    return this.ofPrincipals.get(principal) ?? nothing();
  }

  /** Counts a framework as it is now, in place of how it was counted before. */
  count({ id, info, roles, treeSize, bytes, state, toldBy }: Framework): void {
    this.forget(id);
    const sums = { frameworks: 1, roles: roles.size, tree: treeSize, bytes };
    const isTold = state === 'recovered';
    const counted = { ...sums, isTold, toldBy, principal: info.principal };
    this.counted.set(id, counted);
    this.change(counted, 1);
  }

  forget(id: FrameworkId): void {
    const counted = this.counted.get(id);
    if (counted !== undefined) {
      this.counted.delete(id);
      this.change(counted, -1);
    }
  }

  private change(counted: Counted, sign: 1 | -1): void {
    const { isTold, toldBy, principal } = counted;
    add(isTold ? this.told : this.subscribed, counted, sign);
    if (isTold) {
      addAt(this.toldAt, toldBy, counted, sign);
    } else {
      addAt(this.ofPrincipals, principal, counted, sign);
    }
  }
}

function addAt(
  parts: Map<string | undefined, Sums>,
  name: string | undefined,
  counted: Counted,
  sign: 1 | -1,
): void {
  const part = parts.get(name) ?? nothing();
  add(part, counted, sign);
  if (part.frameworks > 0) {
    parts.set(name, part);
  } else {
    parts.delete(name);
  }
}

function add(sum: Sums, counted: Counted, sign: 1 | -1): void {
  sum.frameworks += sign * counted.frameworks;
  sum.roles += sign * counted.roles;
  sum.tree += sign * counted.tree;
  sum.bytes += sign * counted.bytes;
}
