// Spans of time in words, as short as a column wants them.
const UNITS: readonly (readonly [unit: string, ms: number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
];

/** `3d4h`, `5m`, `12s`: two units at most, the second below ten of the first. */
export function spanText(ms: number): string {
  const whole = Math.max(0, ms);
  const at = UNITS.findIndex(([, size]) => whole >= size);
  const [unit, size] = UNITS[at] ?? (['s', 1000] as const);
  const first = Math.floor(whole / size);
  const next = first < 10 ? UNITS[at + 1] : undefined;
  const second = next === undefined ? 0 : Math.floor((whole - first * size) / next[1]);
  return second === 0 || next === undefined
    ? `${first}${unit}`
    : `${first}${unit}${second}${next[0]}`;
}

/** The seconds of what `spanText` writes, of any number of units; undefined for other texts. */
export function spanSeconds(text: string): number | undefined {
  const parts = /^(?:\d+(?:\.\d+)?[dhms])+$/.test(text) ? text.match(/[\d.]+[dhms]/g) : undefined;
  return parts?.reduce((sum, part) => {
    const [, size = 0] = UNITS.find(([unit]) => part.endsWith(unit)) ?? [];
    return sum + (Number(part.slice(0, -1)) * size) / 1000;
  }, 0);
}

/** How long ago; empty where that is not known. */
export const ageText = (nowMs: number, thenMs: number | undefined): string =>
  thenMs === undefined ? '' : spanText(nowMs - thenMs);

const NS_PER_MS = 1_000_000n;

/** Milliseconds since 1970; masters say 0 of a framework that has not come back to them yet. */
export const msOf = (time: { readonly nanoseconds: bigint } | undefined): number | undefined =>
  time === undefined || time.nanoseconds === 0n ? undefined : Number(time.nanoseconds / NS_PER_MS);

/** `2026-11-30 12:00:05 (3h ago)`, as the clock of this machine has it. */
export function momentText(ms: number | undefined, nowMs: number): string | undefined {
  if (ms === undefined) {
    return undefined;
  }
  const offsetMs = new Date(ms).getTimezoneOffset() * 60_000;
  const local = new Date(ms - offsetMs).toISOString().slice(0, 19).replace('T', ' ');
  return `${local} (${ms > nowMs ? `in ${spanText(ms - nowMs)}` : `${spanText(nowMs - ms)} ago`})`;
}
