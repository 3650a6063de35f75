// Resources of an agent by their reservations, and what is reserved, unreserved, made a volume of
// and resized, as the operator API takes it. Amounts are sent as they were typed: the page does not
// calculate, and the master says what cannot be.
import { roleError } from '../../model/role.ts';
import { type Chosen, numberError } from './chosen.ts';

interface Labels {
  readonly labels?: readonly { readonly key: string; readonly value?: string }[];
}

export interface Reservation {
  readonly type?: string;
  readonly role?: string;
  readonly principal?: string;
  readonly labels?: Labels;
}

/** Of the master's JSON; what the page does not know goes back as it came. */
export interface AgentResource {
  readonly name: string;
  readonly type: string;
  readonly scalar?: { readonly value: number };
  readonly ranges?: {
    readonly range?: readonly { readonly begin: number; readonly end: number }[];
  };
  readonly set?: { readonly item?: readonly string[] };
  readonly reservations?: readonly Reservation[];
  readonly disk?: {
    readonly persistence?: { readonly id: string; readonly principal?: string };
    readonly volume?: { readonly container_path?: string; readonly mode?: string };
    readonly source?: { readonly type?: string };
  };
  /** Of what tasks have or offers hold: in which role. */
  readonly allocation_info?: { readonly role?: string };
  readonly revocable?: object;
  readonly shared?: object;
}

/** Of an agent in the answer of `/slaves`. */
export interface AgentAnswer {
  readonly capabilities?: readonly string[];
  readonly reserved_resources_full?: Readonly<Record<string, readonly AgentResource[]>>;
  readonly unreserved_resources_full?: readonly AgentResource[];
  readonly used_resources_full?: readonly AgentResource[];
  readonly offered_resources_full?: readonly AgentResource[];
}

export interface Holding {
  readonly resource: AgentResource;
  /** Of the same kind, what tasks and executors have, and what is on offer. */
  readonly used: readonly AgentResource[];
  readonly offered: readonly AgentResource[];
}

/** What is reserved alike. */
export interface ReservedGroup {
  /** None: for anybody. The last one says for whom it is. */
  readonly reservations: readonly Reservation[];
  readonly holdings: readonly Holding[];
}

export const isVolume = ({ disk }: AgentResource): boolean => disk?.persistence !== undefined;

/** In the form with a list of reservations only, and without who holds it. */
function plain(resource: AgentResource): AgentResource {
  const {
    role: _,
    reservation: __,
    allocation_info: ___,
    ...rest
  } = resource as AgentResource &
    Readonly<Record<'role' | 'reservation' | 'allocation_info', unknown>>;
  return rest;
}

/** Two of one kind differ in their amounts only. */
function kindOf(resource: AgentResource): string {
  const { scalar: _, ranges: __, set: ___, ...kind } = plain(resource);
  return sortedJson(kind);
}

const sortedJson = (value: unknown): string =>
  JSON.stringify(value, (_, inner) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );

/** What nobody has reserved comes first. */
export function reservedGroups(agent: AgentAnswer): readonly ReservedGroup[] {
  const total = [
    ...(agent.unreserved_resources_full ?? []),
    ...Object.values(agent.reserved_resources_full ?? {}).flat(),
  ].map(plain);
  const used = Map.groupBy(agent.used_resources_full ?? [], kindOf);
  const offered = Map.groupBy(agent.offered_resources_full ?? [], kindOf);
  const groups = Map.groupBy(total, ({ reservations = [] }) => sortedJson(reservations));
  return [...groups.values()].map((resources) => ({
    reservations: resources[0]?.reservations ?? [],
    holdings: resources.map((resource) => ({
      resource,
      used: used.get(kindOf(resource)) ?? [],
      offered: offered.get(kindOf(resource)) ?? [],
    })),
  }));
}

export const roleOf = (reservations: readonly Reservation[]): string =>
  reservations.at(-1)?.role ?? '';

/** Of which something can be reserved or unreserved. */
export const isPlain = (resource: AgentResource): boolean =>
  !isVolume(resource) && resource.revocable === undefined && resource.shared === undefined;

/** The field for how much of the resource at this place in a list. */
export const amountField = (index: number): string => `amount-${index}`;

/** As it is typed: a number, `31000-31005, 31010`, or `a, b`. */
export function amountTextOf({ scalar, ranges, set }: AgentResource): string {
  if (scalar !== undefined) {
    return String(scalar.value);
  }
  return ranges === undefined
    ? (set?.item ?? []).join(', ')
    : (ranges.range ?? [])
        .map(({ begin, end }) => (begin === end ? `${begin}` : `${begin}-${end}`))
        .join(', ');
}

const RANGE = /^(\d{1,15})(?:-(\d{1,15}))?$/;

function rangeOf(text: string): readonly { readonly begin: number; readonly end: number }[] {
  const [, begin, end = begin] = RANGE.exec(text) ?? [];
  return begin === undefined ? [] : [{ begin: Number(begin), end: Number(end) }];
}

const itemsOf = (text: string): readonly string[] =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean);

/** So much of the resource. */
export function partOf(resource: AgentResource, text: string): AgentResource {
  if (text === amountTextOf(resource)) {
    return resource;
  }
  if (resource.scalar !== undefined) {
    return { ...resource, scalar: { value: Number(text) } };
  }
  return resource.ranges === undefined
    ? { ...resource, set: { item: itemsOf(text) } }
    : { ...resource, ranges: { range: itemsOf(text).flatMap(rangeOf) } };
}

/** Those of which something is chosen. */
export const partsOf = (
  resources: readonly AgentResource[],
  chosen: Chosen,
): readonly AgentResource[] =>
  resources.flatMap((resource, index) => {
    const text = (chosen[amountField(index)] ?? '').trim();
    return text === '' ? [] : [partOf(resource, text)];
  });

/** Why so much of them makes no sense. */
export function partsProblem(
  resources: readonly AgentResource[],
  chosen: Chosen,
): string | undefined {
  let isAny = false;
  for (const [index, { name, scalar, ranges }] of resources.entries()) {
    const text = (chosen[amountField(index)] ?? '').trim();
    isAny ||= text !== '';
    const error =
      scalar !== undefined
        ? numberError(text)
        : ranges !== undefined && itemsOf(text).some((item) => !RANGE.test(item))
          ? `“${text}” are no ranges, such as 31000-31005, 31010.`
          : undefined;
    if (error !== undefined) {
      return `${name}: ${error}`;
    }
  }
  return isAny ? undefined : 'Say how much.';
}

/** `key=value`, one a line. */
export function labelsOf(text: string): Labels | undefined {
  const labels = text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
    .map((line) => {
      const at = line.indexOf('=');
      return at < 0 ? { key: line } : { key: line.slice(0, at), value: line.slice(at + 1) };
    });
  return labels.length === 0 ? undefined : { labels };
}

interface NewReservation {
  readonly role: string;
  readonly principal: string | undefined;
  readonly labels: string;
}

/** With one more reservation than it has. */
export function reserved(
  resource: AgentResource,
  { role, principal, labels }: NewReservation,
): AgentResource {
  const wanted = labelsOf(labels);
  const reservation = {
    ...{ type: 'DYNAMIC', role },
    ...(principal === undefined ? {} : { principal }),
    ...(wanted === undefined ? {} : { labels: wanted }),
  };
  return { ...resource, reservations: [...(resource.reservations ?? []), reservation] };
}

/** Why nothing can be reserved for the role out of what is reserved so. */
export function reservedRoleProblem(
  role: string,
  reservations: readonly Reservation[],
): string | undefined {
  const above = roleOf(reservations);
  if (role === '' || role === '*') {
    return 'Say for which role.';
  }
  return (
    roleError(role) ??
    (above === '' || role.startsWith(`${above}/`)
      ? undefined
      : `Out of what is reserved for ${above} only roles below it get something: ${above}/….`)
  );
}

interface NewVolume {
  readonly id: string;
  readonly size: string;
  readonly path: string;
  readonly principal: string | undefined;
  readonly isShared: boolean;
}

/** A volume on a part of a reserved disk. */
export function volumeOn(disk: AgentResource, volume: NewVolume): AgentResource {
  const { id, size, path, principal, isShared } = volume;
  return {
    ...partOf(disk, size),
    disk: {
      ...disk.disk,
      persistence: { id, ...(principal === undefined ? {} : { principal }) },
      volume: { mode: 'RW', container_path: path },
    },
    ...(isShared ? { shared: {} } : {}),
  };
}

/** So much of the disk that a volume is on, to grow it by. */
export function additionTo(volume: AgentResource, text: string): AgentResource {
  const { disk: { persistence: _, volume: __, ...disk } = {}, ...rest } = volume;
  return {
    ...rest,
    scalar: { value: Number(text) },
    ...(Object.keys(disk).length === 0 ? {} : { disk }),
  };
}

/** Whether Mesos lets it grow and shrink: whole disks are one volume, and shared ones stay. */
export const isResizable = (volume: AgentResource, { capabilities = [] }: AgentAnswer): boolean =>
  volume.shared === undefined &&
  volume.disk?.source?.type !== 'MOUNT' &&
  capabilities.includes('RESIZE_VOLUME');
