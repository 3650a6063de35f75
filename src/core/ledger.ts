// One agent's books over rows of the module. Allocation roles are left out: an agent's resources
// are what they are, whoever uses them.
//
// Of each row this side keeps a copy, as it was after the last change that went well. Should the
// instance be lost, the books are written into the next one, and the change that met its end is
// made there.

import type { Offer_Operation, Resource } from '../model/generated/messages.ts';
import { notApplied } from './algebra.ts';
import { NOT_CONTAINED } from './constants.ts';
import { conversionsOf, writeConversions } from './conversions.ts';
import type { Applied, Ledger } from './interface.ts';
import type { Lists } from './exchange-buffer.ts';
import { accepted, checked, statusError } from './module.ts';
import type { SharedInstance } from './shared-instance.ts';

/** Numbers of rows in one instance. */
interface Rows {
  readonly lists: Lists;
  readonly total: number;
  readonly used: number;
  readonly holders: Map<string, number>;
}

export class RowLedger implements Ledger {
  readonly #shared: SharedInstance;
  #total: readonly Resource[];
  readonly #held = new Map<string, readonly Resource[]>();
  #rows: Rows | undefined;

  constructor(shared: SharedInstance, total: readonly Resource[]) {
    this.#shared = shared;
    this.#total = total;
    this.#run(() => {});
  }

  /** Works on the books, which are written anew if this instance does not have them. */
  #run<T>(work: (rows: Rows) => T): T {
    return this.#shared.run((lists) => {
      const rows = this.#rows?.lists === lists ? this.#rows : this.#write(lists);
      this.#rows = rows;
      return work(rows);
    });
  }

  #write(lists: Lists): Rows {
    const { exports } = lists.module;
    const make = (resources: readonly Resource[]) =>
      checked(exports.rowMake(lists.begin().write(resources)));
    const rows = { lists, total: make(this.#total), used: make([]), holders: new Map() };
    for (const [holder, resources] of this.#held) {
      rows.holders.set(holder, make(resources));
      accepted(exports.rowPut(rows.used, lists.begin().write(resources)), holder);
    }
    return rows;
  }

  total(): Resource[] {
    return this.#run((rows) => read(rows, rows.total));
  }

  setTotal(resources: readonly Resource[]): void {
    this.#run(({ lists, total }) => {
      accepted(lists.module.exports.rowWrite(total, lists.begin().write(resources)));
    });
    this.#total = resources;
  }

  free(): Resource[] {
    return this.#run(({ lists, total, used }) =>
      lists.read(checked(lists.module.exports.ledgerFree(total, used))),
    );
  }

  used(): Resource[] {
    return this.#run((rows) => read(rows, rows.used));
  }

  usedBy(holder: string): Resource[] {
    return this.#held.has(holder) ? this.#run((rows) => readHeld(rows, holder)) : [];
  }

  take(holder: string, resources: readonly Resource[]): boolean {
    const held = this.#run((rows) => {
      const { exports } = rows.lists.module;
      const lists = rows.lists.begin();
      const known = rows.holders.get(holder);
      const row = known ?? checked(exports.rowMake(0));
      const count = lists.ask(resources);
      if (count === undefined || exports.ledgerTake(rows.total, rows.used, row, count) !== 0) {
        if (known === undefined) accepted(exports.rowDrop(row));
        return undefined;
      }
      rows.holders.set(holder, row);
      return read(rows, row);
    });
    if (held === undefined) return false;
    this.#held.set(holder, held);
    return true;
  }

  give(holder: string, resources: readonly Resource[]): void {
    if (!this.#held.has(holder)) return;
    const held = this.#run((rows) => {
      const count = rows.lists.begin().ask(resources);
      if (count === undefined) throw statusError(NOT_CONTAINED, holder);
      const row = rows.holders.get(holder) as number;
      accepted(rows.lists.module.exports.ledgerGive(rows.used, row, count), holder);
      return read(rows, row);
    });
    this.#held.set(holder, held);
  }

  release(holder: string): void {
    if (!this.#held.has(holder)) return;
    this.#run((rows) => {
      const row = rows.holders.get(holder) as number;
      accepted(rows.lists.module.exports.ledgerRelease(rows.used, row));
      rows.holders.delete(holder);
    });
    this.#held.delete(holder);
  }

  apply(operation: Offer_Operation): Applied {
    const applied = this.#run((rows): Applied => {
      const conversions = conversionsOf(rows.lists, operation);
      if (!conversions.ok) return conversions;
      const lists = rows.lists.begin();
      const why = writeConversions(lists, conversions.conversions, 'drop');
      if (why !== undefined) return { ok: false, why };
      const count = conversions.conversions.length;
      const status = lists.module.exports.ledgerConvert(rows.total, rows.used, count);
      return status === 0 ? { ok: true, resources: read(rows, rows.total) } : notApplied(status);
    });
    if (applied.ok) this.#total = applied.resources;
    return applied;
  }
}

function read({ lists }: Rows, row: number): Resource[] {
  return lists.read(checked(lists.module.exports.rowRead(row)));
}

function readHeld(rows: Rows, holder: string): Resource[] {
  return read(rows, rows.holders.get(holder) as number);
}
