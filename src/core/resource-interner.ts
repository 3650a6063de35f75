// Gives each kind of resource a small number, by which the module knows it, and frees the numbers
// of kinds that nothing in the module refers to any more.
import type { Resource } from '../model/generated/messages.ts';
import { fromMilli, toMilli } from '../model/milli.ts';
import { checkText } from './arguments.ts';
import {
  MAX_NAMES,
  REFINED,
  RESERVED,
  REVOCABLE,
  SHARED,
  SOLID,
  TYPE_SCALAR,
  VOLUME,
} from './constants.ts';
import { accepted, CoreError, type CoreModule, checked } from './module.ts';
import {
  isPlain,
  isSolid,
  isSolidResource,
  isTyped,
  type Kind,
  kindKey,
  reservationsOf,
  valueType,
  withoutValue,
} from './resource-kind.ts';
import { StringNumbers } from './string-numbers.ts';

const SWEEP_KINDS = 8192;
const SWEEP_NAMES = 256;
/** Names are swept at the latest when there are this many: well below the module's limit. */
const LAST_SWEEP_NAMES = (MAX_NAMES * 3) / 4;

export interface KindsSnapshot {
  /** An absent name is a number that was freed. */
  readonly names: readonly (string | null | undefined)[];
  readonly kinds: readonly (Kind | null | undefined)[];
  readonly setItems: readonly string[];
}

export class ResourceInterner {
  readonly #module: CoreModule;
  /** Returns the number of a reservation role, and creates it for a new role. */
  readonly #roleNumber: (role: string) => number;
  readonly #excluded: ReadonlySet<string>;
  readonly #kinds: (Kind | undefined)[] = [];
  #live = 0;
  /** The number of kinds or names at which a sweep is due. */
  #sweepAt = SWEEP_KINDS;
  #sweepNamesAt = SWEEP_NAMES;
  readonly #sweepsNames: boolean;
  readonly #names = new Map<string, number>();
  readonly #nameList: (string | undefined)[] = [];
  /** Plain scalars, ranges and sets: by allocation role, then by type, then by name. */
  readonly #plain = new Map<string, Map<string, number>[]>();
  readonly #others = new Map<string, number>();
  readonly setItems = new StringNumbers();

  constructor(
    module: CoreModule,
    options: {
      readonly roleNumber?: (role: string) => number;
      readonly excludedNames?: Iterable<string>;
      /**
       * Whether names are swept, too: only in a module without an allocator, where nothing is
       * counted by name.
       */
      readonly sweepsNames?: boolean;
    } = {},
  ) {
    this.#module = module;
    this.#roleNumber = options.roleNumber ?? (() => 0);
    this.#excluded = new Set(options.excludedNames ?? []);
    this.#sweepsNames = options.sweepsNames ?? false;
  }

  get(kind: number): Kind {
    const found = this.#kinds[kind];
    if (found === undefined) {
      throw new CoreError('BAD_KIND', String(kind));
    }
    return found;
  }

  /** How many kinds exist now. */
  get count(): number {
    return this.#live;
  }

  get names(): readonly (string | undefined)[] {
    return this.#nameList;
  }

  /** The number of a resource name. The module is told of a new name. */
  name(name: string): number {
    const known = this.#names.get(name);
    if (known !== undefined) {
      return known;
    }
    const number = checked(this.#module.exports.addName(this.#excluded.has(name) ? 1 : 0), name);
    this.#names.set(name, number);
    this.#nameList[number] = name;
    return number;
  }

  /** The kind of a resource, if it exists; a question creates no kinds. */
  find(resource: Resource, allocationRole = ''): number | undefined {
    if (!isTyped(resource)) {
      return undefined;
    }
    const type = valueType(resource);
    if (isPlain(resource)) {
      return this.#plain.get(allocationRole)?.[type]?.get(resource.name);
    }
    return this.#others.get(kindKey(resource, type, allocationRole));
  }

  /**
   * The kind of a resource, created if it is new. The amount does not matter, unless the resource
   * is solid.
   */
  of(resource: Resource, allocationRole = ''): number {
    const type = valueType(resource);
    if (isPlain(resource)) {
      const known = this.#plain.get(allocationRole)?.[type]?.get(resource.name);
      if (known !== undefined) {
        return known;
      }
      const kind = this.#add(resource, type, allocationRole);
      this.#setPlain(allocationRole, type, resource.name, kind);
      return kind;
    }
    const key = kindKey(resource, type, allocationRole);
    const known = this.#others.get(key);
    if (known !== undefined) {
      return known;
    }
    const kind = this.#add(resource, type, allocationRole);
    this.#others.set(key, kind);
    return kind;
  }

  /**
   * Takes path and principal of a new volume, which may differ from those of an earlier volume of
   * the same kind.
   */
  refresh(resource: Resource, allocationRole = ''): void {
    const kind = this.get(this.of(resource, allocationRole));
    kind.template = withoutValue(resource, allocationRole);
  }

  /**
   * When there are many kinds, frees the numbers of those that nothing in the module refers to:
   * clients can create any number of kinds. Must run between calls, when no list is being written.
   */
  sweep(): void {
    if (this.#live >= this.#sweepAt) {
      this.#sweepKinds();
      this.#sweepAt = Math.max(SWEEP_KINDS, this.#live * 2);
    }
    if (this.#sweepsNames && this.#names.size >= this.#sweepNamesAt) {
      this.#sweepKinds();
      const used = new Set(this.#kinds.map((kind) => kind?.name));
      for (const [name, number] of this.#names) {
        if (used.has(name)) {
          continue;
        }
        accepted(this.#module.exports.dropName(number), name);
        this.#names.delete(name);
        this.#nameList[number] = undefined;
      }
      this.#sweepNamesAt = Math.min(LAST_SWEEP_NAMES, Math.max(SWEEP_NAMES, this.#names.size * 2));
    }
  }

  #setPlain(allocationRole: string, type: number, name: string, kind: number): void {
    let maps = this.#plain.get(allocationRole);
    if (maps === undefined) {
      maps = [new Map(), new Map(), new Map()];
      this.#plain.set(allocationRole, maps);
    }
    maps[type]?.set(name, kind);
  }

  #dropPlain(kind: Kind): void {
    const maps = this.#plain.get(kind.allocationRole);
    maps?.[kind.type]?.delete(kind.name);
    if (maps?.every((map) => map.size === 0)) {
      this.#plain.delete(kind.allocationRole);
    }
  }

  #sweepKinds(): void {
    const at = this.#module.exports.markKinds() >>> 2;
    this.#module.refresh();
    const marks = this.#module.u32.slice(at, at + ((this.#kinds.length + 31) >>> 5));
    this.#kinds.forEach((kind, number) => {
      if (kind === undefined || ((marks[number >>> 5] as number) & (1 << (number & 31))) !== 0) {
        return;
      }
      accepted(this.#module.exports.dropKind(number), kind.name);
      const key = this.#keyOf(kind);
      if (key === undefined) {
        this.#dropPlain(kind);
      } else {
        this.#others.delete(key);
      }
      this.#kinds[number] = undefined;
      this.#live -= 1;
    });
  }

  /** The key of a kind in the map; undefined for a plain kind. */
  #keyOf(kind: Kind): string | undefined {
    const scalar = isSolid(kind) ? { scalar: { value: fromMilli(kind.unit) } } : {};
    const resource: Resource = { ...kind.template, ...scalar };
    if (isPlain(resource)) {
      return undefined;
    }
    return kindKey(resource, kind.type, kind.allocationRole);
  }

  save(): KindsSnapshot {
    return { names: this.#nameList, kinds: this.#kinds, setItems: this.setItems.all };
  }

  /** Restores what `save` returned, for a module whose memory was copied. */
  restore(saved: KindsSnapshot): void {
    saved.names.forEach((name, number) => {
      if (name === null || name === undefined) {
        return;
      }
      this.#names.set(name, number);
      this.#nameList[number] = name;
    });
    for (const item of saved.setItems) {
      this.setItems.number(item);
    }
    saved.kinds.forEach((kind, number) => {
      if (kind === null || kind === undefined) {
        return;
      }
      this.#kinds[number] = kind;
      this.#live += 1;
      const key = this.#keyOf(kind);
      if (key === undefined) {
        this.#setPlain(kind.allocationRole, kind.type, kind.name, number);
      } else {
        this.#others.set(key, number);
      }
    });
  }

  #add(resource: Resource, type: number, allocationRole: string): number {
    checkText(resource.name, 'name of a resource');
    const name = this.name(resource.name);
    const reservations = reservationsOf(resource);
    const last = reservations.at(-1);
    const solid = isSolidResource(resource) && type === TYPE_SCALAR;
    const flags =
      type |
      (reservations.length > 0 ? RESERVED : 0) |
      (reservations.length > 1 ? REFINED : 0) |
      (resource.revocable === undefined ? 0 : REVOCABLE) |
      (resource.shared === undefined ? 0 : SHARED) |
      (solid ? SOLID : 0) |
      (resource.disk?.persistence === undefined ? 0 : VOLUME);
    const unit = solid ? toMilli(resource.scalar?.value ?? 0) : 1;
    const role = last?.role === undefined ? 0 : this.#roleNumber(last.role);
    const kind = checked(this.#module.exports.addKind(name, flags, role, unit), resource.name);
    this.#live += 1;
    this.#kinds[kind] = {
      name: resource.name,
      type,
      flags,
      unit,
      allocationRole,
      template: withoutValue(resource, allocationRole),
    };
    return kind;
  }
}
