// Gives every distinct combination of a resource's fields a small number, its kind, and builds
// messages from kinds again. What makes two resources different is Mesos's rule: name, type,
// reservations, disk (without the volume's path and the persistence principal), revocable, shared,
// provider - and, for what cannot be divided, its size.
import {
  type Labels,
  Resource_ReservationInfo_Type as ReservationType,
  type Resource,
  type Resource_DiskInfo,
  type Resource_ReservationInfo,
  Resource_DiskInfo_Source_Type as SourceType,
  Value_Type as ValueType,
} from '../model/generated/messages.ts';
import {
  MAX_NAMES,
  REFINED,
  RESERVED,
  REVOCABLE,
  SHARED,
  SOLID,
  TYPE_RANGES,
  TYPE_SCALAR,
  TYPE_SET,
  VOLUME,
} from './constants.ts';
import { accepted, CoreError, type CoreModule, checked } from './module.ts';

const SWEEP_KINDS = 8192;
const SWEEP_NAMES = 256;
/** Well below the module's limit. */
const LAST_SWEEP_NAMES = (MAX_NAMES * 3) / 4;

/**
 * What the host keeps of a kind. `allocationRole` is '' for resources that are allocated to no
 * role.
 */
export interface Kind {
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  /** Thousandths of one copy, for solid kinds. */
  readonly unit: number;
  readonly allocationRole: string;
  /** Everything but the value. Its parts are shared by all messages built from it. */
  template: Resource;
}

export const isSolid = (kind: Kind) => (kind.flags & SOLID) !== 0;
export const isShared = (kind: Kind) => (kind.flags & SHARED) !== 0;

/** Units to thousandths as Mesos rounds them. */
export const toMilli = (value: number) => Math.round(value * 1000);

/** Thousandths to units: the nearest number, so that 1118 is written as 1.118. */
export const fromMilli = (milli: number) => milli / 1000;

/**
 * Of labels as they came: those of a reservation are in every message that is built from its kind.
 */
const labelsKeys = new WeakMap<Labels, string>();

function labelsKey(labels: Labels | undefined): string {
  if (labels === undefined) return '';
  let key = labelsKeys.get(labels);
  if (key === undefined) {
    const pairs = (labels.labels ?? []).map((label) => JSON.stringify([label.key, label.value]));
    key = `{${pairs.sort().join()}}`;
    labelsKeys.set(labels, key);
  }
  return key;
}

function reservationKey(reservation: Resource_ReservationInfo): string {
  const principal = reservation.principal;
  return `(${reservation.type === ReservationType.STATIC ? 'S' : 'D'}${JSON.stringify(
    reservation.role,
  )}${principal === undefined ? '' : `,${JSON.stringify(principal)}`}${labelsKey(reservation.labels)})`;
}

function diskKey(disk: Resource_DiskInfo): string {
  const source = disk.source;
  const id = disk.persistence?.id;
  const volume = id === undefined ? '' : JSON.stringify(id);
  if (source === undefined) return `[${volume}]`;
  return `[${volume};${source.type};${JSON.stringify([
    source.path ?? null,
    source.mount ?? null,
    source.vendor ?? null,
    source.id ?? null,
    source.profile ?? null,
  ])}${labelsKey(source.metadata)}]`;
}

/** Reservations of a resource, those in the form of before reservation refinement included. */
function reservationsOf(resource: Resource): readonly Resource_ReservationInfo[] {
  if (resource.reservations !== undefined && resource.reservations.length > 0) {
    return resource.reservations;
  }
  const role = resource.role;
  if (role === undefined || role === '*') return [];
  const dynamic = resource.reservation;
  return dynamic === undefined
    ? [{ type: ReservationType.STATIC, role }]
    : [{ ...dynamic, type: ReservationType.DYNAMIC, role }];
}

export function isSolidResource(resource: Resource): boolean {
  const disk = resource.disk;
  if (resource.shared !== undefined || disk?.persistence !== undefined) return true;
  const source = disk?.source;
  if (source === undefined) return false;
  return (
    source.type === SourceType.MOUNT ||
    source.type === SourceType.BLOCK ||
    (source.type === SourceType.RAW && source.id !== undefined)
  );
}

function withoutValue(resource: Resource, allocationRole: string): Resource {
  const { name, type, provider_id, disk, revocable, shared } = resource;
  const reservations = reservationsOf(resource);
  const template: Resource = { name, type };
  if (provider_id !== undefined) template.provider_id = provider_id;
  if (allocationRole !== '') template.allocation_info = { role: allocationRole };
  if (reservations.length > 0) template.reservations = [...reservations];
  if (disk !== undefined) template.disk = disk;
  if (revocable !== undefined) template.revocable = revocable;
  if (shared !== undefined) template.shared = shared;
  return template;
}

/** Numbers given to strings, in the order in which they were first seen. */
export class Strings {
  readonly #numbers = new Map<string, number>();
  readonly #texts: string[] = [];

  number(text: string): number {
    let number = this.#numbers.get(text);
    if (number === undefined) {
      number = this.#texts.length;
      this.#numbers.set(text, number);
      this.#texts.push(text);
    }
    return number;
  }

  find(text: string): number | undefined {
    return this.#numbers.get(text);
  }

  text(number: number): string {
    return this.#texts[number] ?? '';
  }

  get all(): readonly string[] {
    return this.#texts;
  }
}

export interface SavedKinds {
  /** Gaps are numbers that were swept. */
  readonly names: readonly (string | null | undefined)[];
  readonly kinds: readonly (Kind | null | undefined)[];
  readonly setItems: readonly string[];
}

export class Kinds {
  readonly #module: CoreModule;
  /** Gives the number of a reservation role; creates it when it is new. */
  readonly #roleNumber: (role: string) => number;
  readonly #excluded: ReadonlySet<string>;
  readonly #kinds: (Kind | undefined)[] = [];
  #live = 0;
  /** So many kinds or names are worth a look for those that nothing refers to any more. */
  #sweepAt = SWEEP_KINDS;
  #sweepNamesAt = SWEEP_NAMES;
  readonly #sweepsNames: boolean;
  readonly #names = new Map<string, number>();
  readonly #nameList: (string | undefined)[] = [];
  /** Plain scalars, ranges and sets: by allocation role, then one map a type, by name. */
  readonly #plain = new Map<string, Map<string, number>[]>();
  readonly #others = new Map<string, number>();
  readonly setItems = new Strings();

  constructor(
    module: CoreModule,
    options: {
      readonly roleNumber?: (role: string) => number;
      readonly excludedNames?: Iterable<string>;
      /** True for a module without an allocator, where nothing is counted by name. */
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
    if (found === undefined) throw new CoreError('BAD_KIND', String(kind));
    return found;
  }

  /** How many kinds have been made: it changes whenever one is. */
  get count(): number {
    return this.#live;
  }

  get names(): readonly (string | undefined)[] {
    return this.#nameList;
  }

  /** The number of a resource name; a new one is made known to the module. */
  name(name: string): number {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    const number = checked(this.#module.exports.addName(this.#excluded.has(name) ? 1 : 0), name);
    this.#names.set(name, number);
    this.#nameList[number] = name;
    return number;
  }

  /** The kind of a resource if there is one: what is only asked for makes no new kinds. */
  find(resource: Resource, allocationRole = ''): number | undefined {
    if (!isTyped(resource)) return undefined;
    const type = valueType(resource);
    if (isPlain(resource)) return this.#plain.get(allocationRole)?.[type]?.get(resource.name);
    return this.#others.get(this.#key(resource, type, allocationRole));
  }

  /** The kind of a resource, of whatever amount unless it is solid; made if it is new. */
  of(resource: Resource, allocationRole = ''): number {
    const type = valueType(resource);
    if (isPlain(resource)) {
      const known = this.#plain.get(allocationRole)?.[type]?.get(resource.name);
      if (known !== undefined) return known;
      const kind = this.#add(resource, type, allocationRole);
      this.#setPlain(allocationRole, type, resource.name, kind);
      return kind;
    }
    const key = this.#key(resource, type, allocationRole);
    const known = this.#others.get(key);
    if (known !== undefined) return known;
    const kind = this.#add(resource, type, allocationRole);
    this.#others.set(key, kind);
    return kind;
  }

  /**
   * A volume made anew may have another path or principal than one of the same identity before it.
   */
  refresh(resource: Resource, allocationRole = ''): void {
    const kind = this.get(this.of(resource, allocationRole));
    kind.template = withoutValue(resource, allocationRole);
  }

  /**
   * Frees the numbers of kinds that nothing in the module refers to, when there are many: clients
   * make new ones at will. Only between calls, when no list is on its way.
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
        if (used.has(name)) continue;
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
    if (maps?.every((map) => map.size === 0)) this.#plain.delete(kind.allocationRole);
  }

  #sweepKinds(): void {
    const at = this.#module.exports.markKinds() >>> 2;
    this.#module.refresh();
    const marks = this.#module.u32.slice(at, at + ((this.#kinds.length + 31) >>> 5));
    this.#kinds.forEach((kind, number) => {
      if (kind === undefined || ((marks[number >>> 5] as number) & (1 << (number & 31))) !== 0)
        return;
      accepted(this.#module.exports.dropKind(number), kind.name);
      const key = this.#keyOf(kind);
      if (key === undefined) this.#dropPlain(kind);
      else this.#others.delete(key);
      this.#kinds[number] = undefined;
      this.#live -= 1;
    });
  }

  /** The key of a kind; undefined for a plain one. */
  #keyOf(kind: Kind): string | undefined {
    const scalar = isSolid(kind) ? { scalar: { value: fromMilli(kind.unit) } } : {};
    const resource: Resource = { ...kind.template, ...scalar };
    if (isPlain(resource)) return undefined;
    return this.#key(resource, kind.type, kind.allocationRole);
  }

  save(): SavedKinds {
    return { names: this.#nameList, kinds: this.#kinds, setItems: this.setItems.all };
  }

  /** Takes over what `save` gave, for a module whose state was copied. */
  restore(saved: SavedKinds): void {
    saved.names.forEach((name, number) => {
      if (name === null || name === undefined) return;
      this.#names.set(name, number);
      this.#nameList[number] = name;
    });
    for (const item of saved.setItems) this.setItems.number(item);
    saved.kinds.forEach((kind, number) => {
      if (kind === null || kind === undefined) return;
      this.#kinds[number] = kind;
      this.#live += 1;
      const key = this.#keyOf(kind);
      if (key === undefined) this.#setPlain(kind.allocationRole, kind.type, kind.name, number);
      else this.#others.set(key, number);
    });
  }

  #key(resource: Resource, type: number, allocationRole: string): string {
    let key = `${type}${JSON.stringify(resource.name)}`;
    if (allocationRole !== '') key += `@${JSON.stringify(allocationRole)}`;
    for (const reservation of reservationsOf(resource)) key += reservationKey(reservation);
    if (resource.disk !== undefined) key += diskKey(resource.disk);
    if (resource.provider_id !== undefined) key += `/${JSON.stringify(resource.provider_id.value)}`;
    if (resource.revocable !== undefined) key += '~';
    if (resource.shared !== undefined) key += '+';
    if (isSolidResource(resource)) key += `=${toMilli(resource.scalar?.value ?? 0)}`;
    return key;
  }

  #add(resource: Resource, type: number, allocationRole: string): number {
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

/** A name and an amount, and nothing else that would tell it from others. */
function isPlain(resource: Resource): boolean {
  return (
    resource.disk === undefined &&
    resource.provider_id === undefined &&
    resource.revocable === undefined &&
    resource.shared === undefined &&
    (resource.reservations === undefined || resource.reservations.length === 0) &&
    (resource.role === undefined || resource.role === '*')
  );
}

function isTyped(resource: Resource): boolean {
  const { type } = resource;
  return type === ValueType.SCALAR || type === ValueType.RANGES || type === ValueType.SET;
}

function valueType(resource: Resource): number {
  switch (resource.type) {
    case ValueType.SCALAR:
      return TYPE_SCALAR;
    case ValueType.RANGES:
      return TYPE_RANGES;
    case ValueType.SET:
      return TYPE_SET;
    default:
      throw new CoreError('BAD_KIND', `${resource.name} is no scalar, ranges or set`);
  }
}
