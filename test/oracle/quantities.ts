// Amounts by resource name, whatever the kind: shares, headroom and quotas are computed from them.
import type { Quantities as Units } from '../../src/core/interface.ts';
import { countOf, isScalar, type Pieces, shrink, thousandthsOf, toThousandths } from './pieces.ts';

/** Thousandths by name. Amounts of zero are not listed, and none is negative. */
export type Quantities = ReadonlyMap<string, number>;

export const NOTHING: Quantities = new Map();

/** A name that is not listed is unlimited; a limit of zero is listed. */
export type Limits = ReadonlyMap<string, number>;

export function fromUnits(units: Units): Quantities {
  return new Map(
    Object.entries(units)
      .map(([name, value]) => [name, toThousandths(value)] as const)
      .filter(([, thousandths]) => thousandths > 0),
  );
}

export const limitsFromUnits = (units: Units): Limits =>
  new Map(Object.entries(units).map(([name, value]) => [name, toThousandths(value)]));

/** Scalars by name; a shared volume counts once, however many copies the list has. */
export function quantitiesOf(pieces: Pieces): Quantities {
  const result = new Map<string, number>();
  for (const piece of pieces) {
    if (!isScalar(piece)) {
      continue;
    }
    const sum = (result.get(piece.name) ?? 0) + thousandthsOf(piece);
    if (sum > 0) {
      result.set(piece.name, sum);
    }
  }
  return result;
}

export function plus(left: Quantities, right: Quantities): Quantities {
  const result = new Map(left);
  for (const [name, amount] of right) {
    result.set(name, (result.get(name) ?? 0) + amount);
  }
  return result;
}

/** Amounts that would be zero or less are removed. */
export function minus(left: Quantities, right: Quantities): Quantities {
  const result = new Map<string, number>();
  for (const [name, amount] of left) {
    const rest = amount - (right.get(name) ?? 0);
    if (rest > 0) {
      result.set(name, rest);
    }
  }
  return result;
}

export function limitsMinus(limits: Limits, used: Quantities): Limits {
  return new Map(
    [...limits].map(([name, amount]) => [name, Math.max(0, amount - (used.get(name) ?? 0))]),
  );
}

/**
 * Whether the pieces have at least the wanted amount of every name. The sum is taken in units, as
 * doubles, piece by piece, as the reference does: 0.1 and 0.7 do not reach 0.8.
 */
export function reaches(pieces: Pieces, wanted: Quantities): boolean {
  for (const [name, thousandths] of wanted) {
    let missing = thousandths / 1000;
    for (const piece of pieces) {
      if (piece.name !== name) {
        continue;
      }
      missing -= countOf(piece);
      if (missing <= 0) {
        break;
      }
    }
    if (missing > 0) {
      return false;
    }
  }
  return true;
}

/**
 * Reduces the pieces, in their order, so that together they are within the target; pieces without a
 * target are left out.
 */
export function shrinkTo(pieces: Pieces, target: Quantities): Pieces {
  let left = target;
  return pieces.flatMap((piece) => {
    const room = left.get(piece.name);
    if (room === undefined) {
      return [];
    }
    const fitting = shrink(piece, room);
    if (fitting === undefined) {
      return [];
    }
    left = minus(left, quantitiesOf([fitting]));
    return [fitting];
  });
}

/** The same for limits: pieces without a limit stay whole. */
export function shrinkWithin(pieces: Pieces, limits: Limits): Pieces {
  let left = limits;
  return pieces.flatMap((piece) => {
    const room = left.get(piece.name);
    if (room === undefined) {
      return [piece];
    }
    const fitting = shrink(piece, room);
    if (fitting === undefined || thousandthsOf(fitting) === 0) {
      return [];
    }
    left = limitsMinus(left, quantitiesOf([fitting]));
    return [fitting];
  });
}
