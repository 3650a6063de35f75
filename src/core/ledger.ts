// One agent's books over rows of the module. Allocation roles are left out: an agent's resources are
// what they are, whoever uses them.
import type { Offer_Operation, Resource } from '../model/generated/messages.ts';
import { notApplied } from './algebra.ts';
import { conversionsOf, writeConversions } from './conversions.ts';
import type { Applied, Ledger } from './interface.ts';
import type { Lists } from './lists.ts';
import { accepted, checked, NOT_CONTAINED, statusError } from './module.ts';

export class RowLedger implements Ledger {
  readonly #lists: Lists;
  readonly #total: number;
  readonly #used: number;
  readonly #holders = new Map<string, number>();

  constructor(lists: Lists, total: readonly Resource[]) {
    this.#lists = lists.begin();
    const { exports } = lists.module;
    this.#total = checked(exports.rowMake(lists.write(total)));
    this.#used = checked(exports.rowMake(0));
  }

  total(): Resource[] {
    return this.#read(this.#total);
  }

  setTotal(resources: readonly Resource[]): void {
    const lists = this.#lists.begin();
    accepted(lists.module.exports.rowWrite(this.#total, lists.write(resources)));
  }

  free(): Resource[] {
    const { exports } = this.#lists.module;
    return this.#lists.read(checked(exports.ledgerFree(this.#total, this.#used)));
  }

  used(): Resource[] {
    return this.#read(this.#used);
  }

  usedBy(holder: string): Resource[] {
    const row = this.#holders.get(holder);
    return row === undefined ? [] : this.#read(row);
  }

  take(holder: string, resources: readonly Resource[]): boolean {
    const lists = this.#lists.begin();
    const { exports } = lists.module;
    let row = this.#holders.get(holder);
    const isNew = row === undefined;
    if (row === undefined) row = checked(exports.rowMake(0));
    const count = lists.ask(resources);
    if (count === undefined || exports.ledgerTake(this.#total, this.#used, row, count) !== 0) {
      if (isNew) accepted(exports.rowDrop(row));
      return false;
    }
    if (isNew) this.#holders.set(holder, row);
    return true;
  }

  give(holder: string, resources: readonly Resource[]): void {
    const row = this.#holders.get(holder);
    if (row === undefined) return;
    const lists = this.#lists.begin();
    const count = lists.ask(resources);
    if (count === undefined) throw statusError(NOT_CONTAINED, holder);
    accepted(lists.module.exports.ledgerGive(this.#used, row, count), holder);
  }

  release(holder: string): void {
    const row = this.#holders.get(holder);
    if (row === undefined) return;
    accepted(this.#lists.module.exports.ledgerRelease(this.#used, row));
    this.#holders.delete(holder);
  }

  apply(operation: Offer_Operation): Applied {
    const conversions = conversionsOf(operation);
    if (!conversions.ok) return conversions;
    const lists = this.#lists.begin();
    const why = writeConversions(lists, conversions.conversions, 'drop');
    if (why !== undefined) return { ok: false, why };
    const status = lists.module.exports.ledgerConvert(
      this.#total,
      this.#used,
      conversions.conversions.length,
    );
    return status === 0 ? { ok: true, resources: this.total() } : notApplied(status);
  }

  #read(row: number): Resource[] {
    return this.#lists.read(checked(this.#lists.module.exports.rowRead(row)));
  }
}
