// Sets of whole numbers as ascending ranges, inclusive, that neither overlap nor touch.

export type Ranges = readonly (readonly [begin: number, end: number])[];

export function addRanges(left: Ranges, right: Ranges): Ranges {
  const result: [number, number][] = [];
  for (const [begin, end] of [...left, ...right].sort((a, b) => a[0] - b[0])) {
    const last = result.at(-1);
    if (last !== undefined && begin <= last[1] + 1) {
      last[1] = Math.max(last[1], end);
    } else {
      result.push([begin, end]);
    }
  }
  return result;
}

export function subtractRanges(left: Ranges, right: Ranges): Ranges {
  let rest = [...left];
  for (const [begin, end] of right) {
    rest = rest.flatMap(([b, e]): (readonly [number, number])[] => {
      if (e < begin || b > end) {
        return [[b, e]];
      }
      const pieces: (readonly [number, number])[] = [];
      if (b < begin) {
        pieces.push([b, begin - 1]);
      }
      if (e > end) {
        pieces.push([end + 1, e]);
      }
      return pieces;
    });
  }
  return rest;
}

export const containsRanges = (whole: Ranges, part: Ranges) =>
  part.every(([begin, end]) => whole.some(([b, e]) => b <= begin && end <= e));
