// The resources of one offer, from which tasks take theirs piece by piece. The pieces are chosen as
// the module counts them: numbers that the matcher may choose are first those that no task of the
// request asks for.
import { type Resource, type Value_Range, Value_Type } from '../model/generated/messages.ts';
import { fromMilli, toMilli } from '../model/milli.ts';

interface Piece {
  readonly resource: Resource;
  /** What is left of a scalar, in thousandths. */
  milli: number;
  /** The numbers that are left: ranges as begin and end, ascending. */
  ranges: (readonly [number, number])[];
  readonly items: Set<string>;
}

/**
 * Whether tasks get the resource unasked: no revocable resources, shared resources, volumes, or
 * disks with a source.
 */
function isPlain(resource: Resource): boolean {
  const { disk } = resource;
  return (
    resource.revocable === undefined &&
    resource.shared === undefined &&
    disk?.persistence === undefined &&
    disk?.source === undefined
  );
}

const depth = (resource: Resource) => resource.reservations?.length ?? 0;

/** Ranges in ascending order, none overlapping another. */
function ascending(ranges: readonly Value_Range[]): (readonly [number, number])[] {
  const result: [number, number][] = [];
  for (const { begin, end } of ranges.toSorted((a, b) => a.begin - b.begin)) {
    const last = result.at(-1);
    if (last !== undefined && begin <= last[1]) {
      last[1] = Math.max(last[1], end);
    } else if (begin <= end) {
      result.push([begin, end]);
    }
  }
  return result;
}

function pieceOf(resource: Resource): Piece {
  const milli = resource.type === Value_Type.SCALAR ? toMilli(resource.scalar?.value ?? 0) : 0;
  return {
    resource,
    milli: Number.isNaN(milli) ? 0 : milli,
    ranges: ascending(resource.ranges?.range ?? []),
    items: new Set(resource.set?.item ?? []),
  };
}

export class Stock {
  /** Pieces by resource name; reserved ones first, so that unreserved ones stay for others. */
  readonly #pieces = new Map<string, Piece[]>();

  constructor(resources: readonly Resource[]) {
    const plain = resources.filter(isPlain).sort((a, b) => depth(b) - depth(a));
    for (const resource of plain) {
      const pieces = this.#pieces.get(resource.name);
      if (pieces === undefined) {
        this.#pieces.set(resource.name, [pieceOf(resource)]);
      } else {
        pieces.push(pieceOf(resource));
      }
    }
  }

  #of(name: string): readonly Piece[] {
    return this.#pieces.get(name) ?? [];
  }

  milli(name: string): number {
    return this.#of(name).reduce((sum, piece) => sum + piece.milli, 0);
  }

  /** How many numbers are left. */
  numbers(name: string): number {
    return this.#of(name)
      .flatMap((piece) => piece.ranges)
      .reduce((sum, [begin, end]) => sum + end - begin + 1, 0);
  }

  hasNumber(name: string, number: number): boolean {
    return this.#of(name).some((piece) =>
      piece.ranges.some(([b, e]) => b <= number && number <= e),
    );
  }

  hasItem(name: string, item: string): boolean {
    return this.#of(name).some((piece) => piece.items.has(item));
  }

  /** The stock must have that much left. */
  takeScalar(name: string, milli: number): Resource[] {
    const taken: Resource[] = [];
    let rest = milli;
    for (const piece of this.#of(name)) {
      const part = Math.min(rest, piece.milli);
      if (part <= 0) {
        continue;
      }
      piece.milli -= part;
      rest -= part;
      taken.push({ ...piece.resource, scalar: { value: fromMilli(part) } });
    }
    return taken;
  }

  /**
   * Takes the `exact` numbers and `any` others; those avoid the `wanted` numbers as long as there
   * are enough.
   */
  takeNumbers(
    name: string,
    { exact, any, wanted }: { exact: readonly number[]; any: number; wanted: ReadonlySet<number> },
  ): Resource[] {
    const taken = new Map<Piece, number[]>();
    const take = (piece: Piece, number: number) => {
      piece.ranges = without(piece.ranges, number);
      const numbers = taken.get(piece);
      if (numbers === undefined) {
        taken.set(piece, [number]);
      } else {
        numbers.push(number);
      }
    };
    for (const number of exact) {
      const holds = ([begin, end]: readonly [number, number]) => begin <= number && number <= end;
      const piece = this.#of(name).find(({ ranges }) => ranges.some(holds));
      if (piece !== undefined) {
        take(piece, number);
      }
    }
    for (const { piece, number } of this.#free(name, any, wanted)) {
      take(piece, number);
    }
    return [...taken].map(([piece, numbers]) => ({
      ...piece.resource,
      ranges: { range: joined(numbers.sort((a, b) => a - b)) },
    }));
  }

  /** The numbers that the matcher chooses. */
  #free(
    name: string,
    any: number,
    wanted: ReadonlySet<number>,
  ): { piece: Piece; number: number }[] {
    const chosen: { piece: Piece; number: number }[] = [];
    const spared: { piece: Piece; number: number }[] = [];
    for (const piece of this.#of(name)) {
      for (const [begin, end] of piece.ranges) {
        for (let number = begin; number <= end && chosen.length < any; number++) {
          (wanted.has(number) ? spared : chosen).push({ piece, number });
        }
      }
    }
    spared.sort((a, b) => a.number - b.number);
    return [...chosen, ...spared.slice(0, any - chosen.length)];
  }

  takeItems(name: string, items: readonly string[]): Resource[] {
    const taken = new Map<Piece, string[]>();
    for (const item of items) {
      const piece = this.#of(name).find((candidate) => candidate.items.delete(item));
      if (piece !== undefined) {
        taken.set(piece, [...(taken.get(piece) ?? []), item]);
      }
    }
    return [...taken].map(([piece, item]) => ({ ...piece.resource, set: { item } }));
  }
}

function without(
  ranges: readonly (readonly [number, number])[],
  number: number,
): (readonly [number, number])[] {
  return ranges.flatMap((range): (readonly [number, number])[] => {
    const [begin, end] = range;
    if (number < begin || number > end) {
      return [range];
    }
    const below: (readonly [number, number])[] = begin < number ? [[begin, number - 1]] : [];
    const above: (readonly [number, number])[] = number < end ? [[number + 1, end]] : [];
    return [...below, ...above];
  });
}

function joined(numbers: readonly number[]): { begin: number; end: number }[] {
  const ranges: { begin: number; end: number }[] = [];
  for (const number of numbers) {
    const last = ranges.at(-1);
    if (last !== undefined && last.end + 1 === number) {
      last.end = number;
    } else {
      ranges.push({ begin: number, end: number });
    }
  }
  return ranges;
}
