// How long a refusal lasts, by Mesos's rules: five seconds by default, at most a year, and for
// offers at least until the next batch. The refusals themselves (Mesos calls them filters) are kept
// in the module: asm/allocator/filters/.

const DEFAULT_MS = 5_000;
const LONGEST_MS = 365 * 24 * 3600 * 1000;

/**
 * How many milliseconds a refusal lasts; 0 where none was asked for. A time that is negative or no
 * number is the default.
 */
export function refusalMs(seconds: number | undefined): number {
  if (seconds === undefined) {
    return 0;
  }
  if (seconds > LONGEST_MS / 1000) {
    return LONGEST_MS;
  }
  if (!(seconds >= 0)) {
    return DEFAULT_MS;
  }
  return Math.trunc(seconds * 1e9) / 1e6;
}

const scratch = new DataView(new ArrayBuffer(8));

/** The smallest double above an instant that is not negative. */
export function instantAfter(instant: number): number {
  scratch.setFloat64(0, instant);
  scratch.setBigInt64(0, scratch.getBigInt64(0) + 1n);
  return scratch.getFloat64(0);
}

/**
 * When a refusal made now ends, for the module; negative where there is none. A refusal no longer
 * than the interval must outlast the next batch, which may come exactly one interval later: so it
 * ends an instant after that.
 */
export function endOfFilter(refusal: {
  readonly now: number;
  readonly refuseSeconds: number | undefined;
  readonly intervalMs: number;
}): number {
  const asked = refusalMs(refusal.refuseSeconds);
  if (asked === 0) {
    return -1;
  }
  const end = refusal.now + Math.max(asked, refusal.intervalMs);
  return asked <= refusal.intervalMs ? instantAfter(end) : end;
}
