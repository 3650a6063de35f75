// Amounts in words for people: resources, bytes, counts, shares and spans of time.
import { BYTES_PER_MEGABYTE, roundedBytes } from '../../model/bytes.ts';

const count = new Intl.NumberFormat('en');
const decimals = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });
const fine = new Intl.NumberFormat('en', { maximumFractionDigits: 3 });

/** `12,345` */
export const countText = (number: number): string => count.format(number);

/** `1 task`, `2 tasks` */
export const counted = (number: number, one: string, many = `${one}s`): string =>
  `${countText(number)} ${number === 1 ? one : many}`;

/** Of 0 … 1; what is not nothing does not say 0 %, nor what is not all 100 %. */
export function percentText(share: number): string {
  if (!Number.isFinite(share)) {
    return '–';
  }
  const percent = share * 100;
  if (percent > 0 && percent < 0.5) {
    return '< 1 %';
  }
  return percent > 99.5 && percent < 100 ? '> 99 %' : `${Math.round(percent)} %`;
}

/** Resources that the page names by themselves; in megabytes where they are memory or disk. */
export type ResourceName = 'cpus' | 'mem' | 'disk' | 'gpus';

export const RESOURCE_TITLES: Readonly<Record<ResourceName, string>> = {
  cpus: 'CPUs',
  mem: 'Memory',
  disk: 'Disk',
  gpus: 'GPUs',
};

/** `2.5` of cpus, `1.5 GB` of memory. */
export function amountText(name: ResourceName, amount: number): string {
  return name === 'mem' || name === 'disk'
    ? roundedBytes(amount * BYTES_PER_MEGABYTE)
    : amount < 100
      ? fine.format(amount)
      : decimals.format(amount);
}

const SPANS: readonly (readonly [unit: string, ms: number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
];

/** `3 d 4 h`, `5 min`, `12 s`: two units at most, the second where it tells something. */
export function spanText(ms: number): string {
  const whole = Math.max(0, Math.round(ms / 1000) * 1000);
  const index = SPANS.findIndex(([, size]) => whole >= size);
  const [unit, size] = SPANS[index] ?? (['s', 1000] as const);
  const first = Math.floor(whole / size);
  const next = SPANS[index + 1];
  const second = next === undefined ? 0 : Math.floor((whole - first * size) / next[1]);
  return second === 0 || first >= 10 || next === undefined
    ? `${first} ${unit}`
    : `${first} ${unit} ${second} ${next[0]}`;
}

/** The farthest moment that has a date in a browser. */
const LAST_MS = 8.64e15;

/** Whether a moment can be told: 0 is never, and a file may say that it is of any year. */
export const isMoment = (ms: number): boolean => ms !== 0 && Math.abs(ms) <= LAST_MS;

/** `3 min ago`, `in 5 s`, `now`. */
export function relativeText(thenMs: number, nowMs: number): string {
  const ms = nowMs - thenMs;
  if (Math.abs(ms) < 1000) {
    return 'now';
  }
  return ms > 0 ? `${spanText(ms)} ago` : `in ${spanText(-ms)}`;
}
