// Durations as text, in the spelling of Mesos's flags: a number and a unit, such as `10mins`.
// A duration is a number of milliseconds everywhere else.

interface Unit {
  readonly name: string;
  readonly ns: number;
}

const WEEKS: Unit = { name: 'weeks', ns: 604_800e9 };
const UNITS: readonly Unit[] = [
  { name: 'ns', ns: 1 },
  { name: 'us', ns: 1e3 },
  { name: 'ms', ns: 1e6 },
  { name: 'secs', ns: 1e9 },
  { name: 'mins', ns: 60e9 },
  { name: 'hrs', ns: 3600e9 },
  { name: 'days', ns: 86_400e9 },
  WEEKS,
];

/** The longest duration that fits Mesos's 64-bit nanoseconds. */
const LONGEST_MS = 2 ** 63 / 1e6;

/** Milliseconds, or undefined when the text is no duration. */
export function parseDuration(text: string): number | undefined {
  const match = /^\s*(-?\d*\.?\d+(?:e[+-]?\d+)?)\s*([a-z]+)\s*$/.exec(text);
  const unit = UNITS.find(({ name }) => name === match?.[2]);
  if (match === null || unit === undefined) {
    return undefined;
  }
  const ms = (Number(match[1]) * unit.ns) / 1e6;
  return Math.abs(ms) < LONGEST_MS ? ms : undefined;
}

/**
 * A duration as Mesos prints it: in the largest unit in which it is at least one, or the unit below
 * where that gives a whole number (`10days`, not `1.43weeks`; `90secs`, not `1.5mins`).
 */
export function formatDuration(ms: number): string {
  const ns = Math.round(Math.abs(ms) * 1e6);
  let index = 0;
  while (index + 1 < UNITS.length && ns >= (UNITS[index + 1] ?? WEEKS).ns) {
    index++;
  }
  const unit = UNITS[index] ?? WEEKS;
  const lower = UNITS[index - 1];
  const chosen = lower !== undefined && ns % unit.ns !== 0 && ns % lower.ns === 0 ? lower : unit;
  const sign = ms < 0 ? '-' : '';
  return `${sign}${Number((ns / chosen.ns).toPrecision(15))}${chosen.name}`;
}
