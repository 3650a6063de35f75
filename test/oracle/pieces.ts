// Lists of resources as Mesos understands them, written to be read. A list is an array of pieces;
// two pieces that can be added become one. The order matters: it decides what a quota cuts first
// (see `subtract`).
import {
  Resource_DiskInfo_Source_Type as DiskSource,
  type Resource,
  Value_Type,
} from '../../src/model/generated/messages.ts';
import { copied } from '../support/copied.ts';
import { addRanges, containsRanges, type Ranges, subtractRanges } from './ranges.ts';

/** Scalars are whole thousandths. */
export type Amount =
  | { readonly type: 'scalar'; readonly thousandths: number }
  | { readonly type: 'ranges'; readonly ranges: Ranges }
  | { readonly type: 'set'; readonly items: readonly string[] };

export interface Piece {
  readonly name: string;
  /** Everything that distinguishes kinds, without the amount and the role it is allocated to. */
  readonly kind: string;
  readonly allocatedTo: string | undefined;
  /**
   * The message it came from, for reservations, disk, revocable, shared and provider; its amount is
   * not used.
   */
  readonly facts: Resource;
  readonly amount: Amount;
  /** For a shared volume, how often the list has it; 1 for everything else. */
  readonly copies: number;
}

export type Pieces = readonly Piece[];

export const toThousandths = (value: number) => {
  const scaled = value * 1000;
  // Halves are rounded away from zero.
  return scaled < 0 ? -Math.round(-scaled) : Math.round(scaled);
};
export const toUnits = (thousandths: number) => thousandths / 1000;

export const isShared = (piece: Piece) => piece.facts.shared !== undefined;
export const isRevocable = (piece: Piece) => piece.facts.revocable !== undefined;
export const isScalar = (piece: Piece) => piece.amount.type === 'scalar';
export const isPersistentVolume = (piece: Piece) => piece.facts.disk?.persistence !== undefined;
export const reservationDepth = (piece: Piece) => piece.facts.reservations?.length ?? 0;
export const isReserved = (piece: Piece) => reservationDepth(piece) > 0;
export const reservedFor = (piece: Piece) => piece.facts.reservations?.at(-1)?.role;

export const isStrictSubrole = (role: string, ancestor: string) => role.startsWith(`${ancestor}/`);

/** Whether the piece is unreserved, or reserved for the role or an ancestor of it. */
export function isAllocatableTo(piece: Piece, role: string): boolean {
  const owner = reservedFor(piece);
  return owner === undefined || owner === role || isStrictSubrole(role, owner);
}

/** Whether the piece counts for a quota: plain scalars do. */
export const isQuotaPiece = (piece: Piece) =>
  isScalar(piece) && !isReserved(piece) && !isRevocable(piece);

function kindOf(resource: Resource): string {
  const source = resource.disk?.source;
  return JSON.stringify([
    resource.name,
    resource.type,
    (resource.reservations ?? []).map((r) => [r.type, r.role, r.principal, r.labels]),
    // The principal and mount path of a volume are no part of its identity.
    resource.disk && [
      source && [
        source.type,
        source.path && [source.path.root],
        source.mount && [source.mount.root],
        source.vendor,
        source.id,
        source.metadata,
        source.profile,
      ],
      resource.disk.persistence?.id,
    ],
    resource.revocable !== undefined,
    resource.shared !== undefined,
    resource.provider_id?.value,
  ]);
}

function amountOf(resource: Resource): Amount {
  switch (resource.type) {
    case Value_Type.SCALAR:
      return { type: 'scalar', thousandths: toThousandths(resource.scalar?.value ?? 0) };
    case Value_Type.RANGES:
      return {
        type: 'ranges',
        ranges: addRanges(
          [],
          (resource.ranges?.range ?? []).map((range) => [range.begin, range.end] as const),
        ),
      };
    default:
      return { type: 'set', items: [...new Set(resource.set?.item ?? [])].sort() };
  }
}

export function toPiece(resource: Resource): Piece {
  return {
    name: resource.name,
    kind: kindOf(resource),
    allocatedTo: resource.allocation_info?.role,
    facts: resource,
    amount: amountOf(resource),
    copies: 1,
  };
}

export const fromResources = (resources: readonly Resource[]): Pieces =>
  add([], resources.map(toPiece));

/** A shared volume that the list has k times becomes k messages. */
export function toResources(pieces: Pieces): Resource[] {
  return pieces.flatMap((piece) => {
    const { allocation_info: _role, scalar, ranges, set, ...facts } = piece.facts;
    const { amount } = piece;
    const resource: Resource = {
      ...facts,
      ...(piece.allocatedTo === undefined ? {} : { allocation_info: { role: piece.allocatedTo } }),
      ...(amount.type === 'scalar' ? { scalar: { value: toUnits(amount.thousandths) } } : {}),
      ...(amount.type === 'ranges'
        ? { ranges: { range: amount.ranges.map(([begin, end]) => ({ begin, end })) } }
        : {}),
      ...(amount.type === 'set' ? { set: { item: [...amount.items] } } : {}),
    };
    return Array.from({ length: piece.copies }, () => copied(resource));
  });
}

export const allocate = (pieces: Pieces, role: string): Pieces =>
  pieces.map((piece) => ({ ...piece, allocatedTo: role }));

/** Pieces that differed only in their role stay separate. */
export const unallocate = (pieces: Pieces): Pieces =>
  pieces.map((piece) => ({ ...piece, allocatedTo: undefined }));

export function withAmount(piece: Piece, thousandths: number): Piece {
  return { ...piece, amount: { type: 'scalar', thousandths } };
}

/** Whether a disk is offered whole: a mount or block device, or a raw disk with an id. */
function isWholeDisk(piece: Piece): boolean {
  const source = piece.facts.disk?.source;
  return (
    source?.type === DiskSource.MOUNT ||
    source?.type === DiskSource.BLOCK ||
    (source?.type === DiskSource.RAW && source.id !== undefined)
  );
}

const isSameKind = (left: Piece, right: Piece) =>
  left.kind === right.kind && left.allocatedTo === right.allocatedTo;

export const thousandthsOf = (piece: Piece) =>
  piece.amount.type === 'scalar' ? piece.amount.thousandths : 0;

const isSameAmount = (left: Piece, right: Piece) =>
  amountContains(left.amount, right.amount) && amountContains(right.amount, left.amount);

/** Whether the two become one piece when added. */
function isAddable(left: Piece, right: Piece): boolean {
  if (!isSameKind(left, right)) {
    return false;
  }
  if (isShared(left)) {
    return isSameAmount(left, right);
  }
  return !isWholeDisk(left) && !isPersistentVolume(left);
}

/** Whether the right one can be subtracted from the left one. */
function isSubtractable(left: Piece, right: Piece): boolean {
  if (!isSameKind(left, right)) {
    return false;
  }
  const isWhole = isShared(left) || isWholeDisk(left) || isPersistentVolume(left);
  return !isWhole || isSameAmount(left, right);
}

function amountContains(whole: Amount, part: Amount): boolean {
  if (whole.type === 'scalar' && part.type === 'scalar') {
    return part.thousandths <= whole.thousandths;
  }
  if (whole.type === 'ranges' && part.type === 'ranges') {
    return containsRanges(whole.ranges, part.ranges);
  }
  if (whole.type === 'set' && part.type === 'set') {
    return part.items.every((item) => whole.items.includes(item));
  }
  return false;
}

function combine(left: Amount, right: Amount, sign: 1 | -1): Amount {
  if (left.type === 'scalar' && right.type === 'scalar') {
    return { type: 'scalar', thousandths: left.thousandths + sign * right.thousandths };
  }
  if (left.type === 'ranges' && right.type === 'ranges') {
    const operation = sign > 0 ? addRanges : subtractRanges;
    return { type: 'ranges', ranges: operation(left.ranges, right.ranges) };
  }
  if (left.type === 'set' && right.type === 'set') {
    const items =
      sign > 0
        ? [...new Set([...left.items, ...right.items])].sort()
        : left.items.filter((item) => !right.items.includes(item));
    return { type: 'set', items };
  }
  throw new Error('amounts of one kind have one type');
}

function isNothing(piece: Piece): boolean {
  const { amount } = piece;
  if (piece.copies <= 0) {
    return true;
  }
  if (amount.type === 'scalar') {
    return amount.thousandths <= 0;
  }
  return amount.type === 'ranges' ? amount.ranges.length === 0 : amount.items.length === 0;
}

/** New kinds are appended, amounts of known kinds are added in place. */
export function add(left: Pieces, right: Pieces): Pieces {
  const result = [...left];
  for (const piece of right) {
    if (isNothing(piece)) {
      continue;
    }
    const at = result.findIndex((mine) => isAddable(mine, piece));
    const mine = result[at];
    if (mine === undefined) {
      result.push(piece);
    } else if (isShared(mine)) {
      result[at] = { ...mine, copies: mine.copies + piece.copies };
    } else {
      result[at] = { ...mine, amount: combine(mine.amount, piece.amount, 1) };
    }
  }
  return result;
}

/** What the left list lacks is ignored. When a piece is used up, the last piece takes its place. */
export function subtract(left: Pieces, right: Pieces): Pieces {
  const result = [...left];
  for (const piece of right) {
    if (isNothing(piece)) {
      continue;
    }
    const at = result.findIndex((mine) => isSubtractable(mine, piece));
    const mine = result[at];
    if (mine === undefined) {
      continue;
    }
    const rest = isShared(mine)
      ? { ...mine, copies: mine.copies - piece.copies }
      : { ...mine, amount: combine(mine.amount, piece.amount, -1) };
    if (!isNothing(rest)) {
      result[at] = rest;
    } else {
      const last = result.pop();
      if (last !== undefined && at < result.length) {
        result[at] = last;
      }
    }
  }
  return result;
}

export function containsPiece(whole: Pieces, part: Piece): boolean {
  return whole.some(
    (mine) =>
      isSubtractable(mine, part) &&
      mine.copies >= part.copies &&
      amountContains(mine.amount, part.amount),
  );
}

/** Each piece must fit in one piece; only volumes are subtracted as they are found. */
export function contains(whole: Pieces, part: Pieces): boolean {
  let rest = whole;
  for (const piece of part) {
    if (!containsPiece(rest, piece)) {
      return false;
    }
    if (isPersistentVolume(piece)) {
      rest = subtract(rest, [piece]);
    }
  }
  return true;
}

export const equal = (left: Pieces, right: Pieces) =>
  contains(left, right) && contains(right, left);

/** The amount as a number: items in a set, numbers in ranges. */
export function countOf(piece: Piece): number {
  const { amount } = piece;
  if (amount.type === 'scalar') {
    return toUnits(amount.thousandths);
  }
  if (amount.type === 'set') {
    return amount.items.length;
  }
  return amount.ranges.reduce((sum, [begin, end]) => sum + end - begin + 1, 0);
}

/** Reduces a scalar to a target; undefined for one that is offered whole or not at all. */
export function shrink(piece: Piece, target: number): Piece | undefined {
  if (thousandthsOf(piece) <= target) {
    return piece;
  }
  const smaller = withAmount(piece, target);
  if (piece.facts.disk !== undefined && !containsPiece([piece], smaller)) {
    return undefined;
  }
  return smaller;
}
