// The frameworks that an allocator knows: their numbers in the module, the order of their ids, and
// their terms. A framework has a number as soon as an agent reports one of its tasks, which may be
// before it subscribes.
import type { FrameworkId } from '../model/ids.ts';
import { BAD_HANDLE } from './constants.ts';
import type { FrameworkEntry } from './entries.ts';
import type { FrameworkTerms } from './interface.ts';
import { accepted, type CoreModule, checked, statusError } from './module.ts';
import { NameOrder } from './name-order.ts';

export interface FrameworksSnapshot {
  readonly frameworkOrder: readonly (readonly [string, number])[];
  readonly frameworks: readonly (Omit<FrameworkEntry, 'suppressed' | 'constraints'> & {
    readonly suppressed: readonly string[];
  })[];
}

const NO_TERMS: FrameworkTerms = {
  roles: [],
  suppressedRoles: [],
  capabilities: [],
  minAllocatable: {},
};

export class KnownFrameworks {
  readonly #module: CoreModule;
  readonly #entries = new Map<FrameworkId, FrameworkEntry>();
  readonly #ids: FrameworkId[] = [];
  readonly #order: NameOrder;
  /** How many frameworks have tasks but have not subscribed. */
  #unsubscribed = 0;

  constructor(module: CoreModule) {
    this.#module = module;
    this.#order = new NameOrder((id, rank) => {
      const entry = this.#entries.get(id as FrameworkId);
      if (entry !== undefined) {
        accepted(module.exports.setFrameworkRank(entry.number, rank));
      }
    });
  }

  /** The framework with this number, also if it was removed. */
  id(number: number): FrameworkId {
    return this.#ids[number] as FrameworkId;
  }

  find(id: FrameworkId): FrameworkEntry | undefined {
    return this.#entries.get(id);
  }

  /** Throws BAD_HANDLE where the framework has not subscribed. */
  get(id: FrameworkId): FrameworkEntry {
    const entry = this.#entries.get(id);
    if (entry?.known !== true) {
      throw statusError(BAD_HANDLE, `framework ${id}`);
    }
    return entry;
  }

  /** The entry of a framework; made where this is the first that the allocator hears of it. */
  entry(id: FrameworkId): FrameworkEntry {
    const known = this.#entries.get(id);
    if (known !== undefined) {
      return known;
    }
    const rank = this.#order.add(id);
    const number = checked(this.#module.exports.newFramework(rank), id);
    const entry: FrameworkEntry = {
      id,
      number,
      known: false,
      terms: NO_TERMS,
      suppressed: new Set(),
      constraints: new Map(),
    };
    this.#entries.set(id, entry);
    this.#ids[number] = id;
    this.#unsubscribed++;
    return entry;
  }

  subscribed(): FrameworkEntry[] {
    return [...this.#entries.values()].filter(({ known }) => known);
  }

  /** How many frameworks are known, subscribed or not. */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * Forgets the frameworks after the first `size`: they were heard of in a call that is refused,
   * and hold nothing.
   */
  forgetAfter(size: number): void {
    for (const entry of [...this.#entries.values()].slice(size)) {
      this.#forget(entry);
      this.#unsubscribed--;
    }
  }

  /** Takes part from now on, once it is subscribed to a role; `capabilities` as bits. */
  introduce(entry: FrameworkEntry, capabilities: number): void {
    accepted(this.#module.exports.introduce(entry.number, capabilities));
    entry.known = true;
    this.#unsubscribed--;
  }

  /** False while a framework has tasks but has not subscribed. */
  get allSubscribed(): boolean {
    return this.#unsubscribed === 0;
  }

  remove(entry: FrameworkEntry): void {
    accepted(this.#module.exports.removeFramework(entry.number), entry.id);
    this.#forget(entry);
  }

  #forget({ id, number }: FrameworkEntry): void {
    accepted(this.#module.exports.dropFramework(number), id);
    this.#entries.delete(id);
    this.#order.remove(id);
  }

  save(): FrameworksSnapshot {
    return {
      frameworkOrder: this.#order.save(),
      frameworks: [...this.#entries.values()].map(({ id, number, known, terms, suppressed }) => ({
        id,
        number,
        known,
        terms,
        suppressed: [...suppressed],
      })),
    };
  }

  /**
   * Restores what `save` returned, for a module whose memory was copied; the caller has to compile
   * the constraints again.
   */
  restore({ frameworkOrder, frameworks }: FrameworksSnapshot): Iterable<FrameworkEntry> {
    this.#order.restore(frameworkOrder);
    for (const { suppressed, ...framework } of frameworks) {
      const entry = { ...framework, suppressed: new Set(suppressed), constraints: new Map() };
      this.#entries.set(entry.id, entry);
      this.#ids[entry.number] = entry.id;
      this.#unsubscribed += entry.known ? 0 : 1;
    }
    return this.#entries.values();
  }
}
