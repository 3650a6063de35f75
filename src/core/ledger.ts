// One agent's account, as rows of the module. Allocation roles are left out: to an agent a resource
// is the same whichever framework uses it.
//
// The host keeps a copy of each row, as it was after the last successful change. When the instance
// traps, the copies are written into the next instance and the interrupted change is repeated
// there.

import { sameMessage } from '../model/equality.ts';
import type { Offer_Operation, Resource } from '../model/generated/messages.ts';
import { notApplied } from './algebra.ts';
import { checkObject, checkResources, checkText } from './arguments.ts';
import { NOT_CONTAINED } from './constants.ts';
import { conversionsOf, writeConversions } from './conversions.ts';
import type { ExchangeBuffer } from './exchange-buffer.ts';
import type { Applied, LiveLedger } from './interface.ts';
import { accepted, checked, statusError } from './module.ts';
import type { SharedInstance } from './shared-instance.ts';

/** Numbers of rows in one instance. */
interface Rows {
  readonly buffer: ExchangeBuffer;
  readonly total: number;
  readonly used: number;
  readonly holders: Map<string, number>;
}

export class RowLedger implements LiveLedger {
  readonly #shared: SharedInstance;
  #total: readonly Resource[];
  readonly #allocations: Map<string, readonly Resource[]>;
  #rows: Rows | undefined;

  constructor(
    shared: SharedInstance,
    total: readonly Resource[],
    allocations: ReadonlyMap<string, readonly Resource[]> = new Map(),
  ) {
    checkResources(total);
    this.#shared = shared;
    this.#total = total;
    this.#allocations = new Map(allocations);
    this.#run(() => {});
  }

  /** Works on the account, and writes it first if this instance lacks it. */
  #run<T>(work: (rows: Rows) => T): T {
    return this.#shared.run((buffer) => {
      const rows = this.#rows?.buffer === buffer ? this.#rows : this.#write(buffer);
      this.#rows = rows;
      return work(rows);
    });
  }

  #write(buffer: ExchangeBuffer): Rows {
    const { exports } = buffer.module;
    const make = (resources: readonly Resource[]) =>
      checked(exports.rowMake(buffer.begin().write(resources)));
    const rows = { buffer, total: make(this.#total), used: make([]), holders: new Map() };
    for (const [holder, resources] of this.#allocations) {
      rows.holders.set(holder, make(resources));
      accepted(exports.rowPut(rows.used, buffer.begin().write(resources)), holder);
    }
    return rows;
  }

  total(): Resource[] {
    return this.#run((rows) => read(rows, rows.total));
  }

  setTotal(resources: readonly Resource[]): void {
    checkResources(resources);
    this.#run(({ buffer, total }) => {
      accepted(buffer.module.exports.rowWrite(total, buffer.begin().write(resources)));
    });
    this.#total = resources;
  }

  free(): Resource[] {
    return this.#run(({ buffer, total, used }) =>
      buffer.read(checked(buffer.module.exports.ledgerFree(total, used))),
    );
  }

  used(): Resource[] {
    return this.#run((rows) => read(rows, rows.used));
  }

  usedBy(holder: string): Resource[] {
    return this.#allocations.has(holder) ? this.#run((rows) => readHeld(rows, holder)) : [];
  }

  take(holder: string, resources: readonly Resource[]): boolean {
    checkText(holder, 'holder');
    checkResources(resources);
    const held = this.#run((rows) => {
      const { exports } = rows.buffer.module;
      const buffer = rows.buffer.begin();
      const known = rows.holders.get(holder);
      const row = known ?? checked(exports.rowMake(0));
      const count = buffer.ask(resources);
      if (count === undefined || exports.ledgerTake(rows.total, rows.used, row, count) !== 0) {
        if (known === undefined) {
          accepted(exports.rowDrop(row));
        }
        return undefined;
      }
      rows.holders.set(holder, row);
      return read(rows, row);
    });
    if (held === undefined) {
      return false;
    }
    this.#allocations.set(holder, held);
    return true;
  }

  give(holder: string, resources: readonly Resource[]): void {
    checkResources(resources);
    if (!this.#allocations.has(holder)) {
      return;
    }
    const held = this.#run((rows) => {
      const count = rows.buffer.begin().ask(resources);
      if (count === undefined) {
        throw statusError(NOT_CONTAINED, holder);
      }
      const row = rows.holders.get(holder) as number;
      accepted(rows.buffer.module.exports.ledgerGive(rows.used, row, count), holder);
      return read(rows, row);
    });
    this.#allocations.set(holder, held);
  }

  release(holder: string): void {
    if (!this.#allocations.has(holder)) {
      return;
    }
    this.#run((rows) => {
      const row = rows.holders.get(holder) as number;
      accepted(rows.buffer.module.exports.ledgerRelease(rows.used, row));
      rows.holders.delete(holder);
    });
    this.#allocations.delete(holder);
  }

  apply(operation: Offer_Operation): Applied {
    checkObject(operation, 'operation');
    const applied = this.#run((rows): Applied => {
      const conversions = conversionsOf(rows.buffer, operation);
      if (!conversions.ok) {
        return conversions;
      }
      const buffer = rows.buffer.begin();
      const why = writeConversions(buffer, conversions.conversions, 'drop');
      if (why !== undefined) {
        return { ok: false, why };
      }
      const count = conversions.conversions.length;
      const status = buffer.module.exports.ledgerConvert(rows.total, rows.used, count);
      return status === 0 ? { ok: true, resources: read(rows, rows.total) } : notApplied(status);
    });
    if (applied.ok) {
      this.#total = applied.resources;
    }
    return applied;
  }

  fork(): LiveLedger {
    return new RowLedger(this.#shared, this.#total, this.#allocations);
  }

  isLike(other: LiveLedger): boolean {
    return (
      other instanceof RowLedger &&
      sameMessage(this.#total, other.#total) &&
      sameMessage([...this.#allocations], [...other.#allocations])
    );
  }
}

function read({ buffer }: Rows, row: number): Resource[] {
  return buffer.read(checked(buffer.module.exports.rowRead(row)));
}

function readHeld(rows: Rows, holder: string): Resource[] {
  return read(rows, rows.holders.get(holder) as number);
}
