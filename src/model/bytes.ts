// Sizes as text, in the spelling of Mesos's flags: a whole number and a unit, such as `4KB`.
// Units are powers of 1024.

export const BYTES_PER_MEGABYTE = 2 ** 20;

const UNITS: Readonly<Record<string, number>> = {
  B: 1,
  KB: 2 ** 10,
  MB: BYTES_PER_MEGABYTE,
  GB: 2 ** 30,
  TB: 2 ** 40,
};

/** The number of bytes, or undefined when the text is no size. Fractions are refused. */
export function parseBytes(text: string): number | undefined {
  const match = /^(\d+)([A-Za-z]+)$/.exec(text.trim());
  const unit = UNITS[(match?.[2] ?? '').toUpperCase()];
  if (match === null || unit === undefined) {
    return undefined;
  }
  const bytes = Number(match[1]) * unit;
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** As people write sizes, and as `roundedBytes` does: `1.5 GB`. Undefined where it is none. */
export function bytesIn(text: string): number | undefined {
  const [, number, name = ''] = /^\s*(\d+(?:\.\d+)?)\s*([A-Za-z]+)\s*$/.exec(text) ?? [];
  const key = name.toUpperCase();
  const unit = Object.hasOwn(UNITS, key) ? UNITS[key] : undefined;
  return unit === undefined ? undefined : Number(number) * unit;
}

/** In the largest unit that loses nothing. */
export function formatBytes(bytes: number): string {
  if (bytes === 0) {
    return '0B';
  }
  let text = `${bytes}B`;
  for (const [name, size] of Object.entries(UNITS)) {
    if (bytes % size === 0) {
      text = `${bytes / size}${name}`;
    }
  }
  return text;
}

/** For people: in the largest unit of which it is one or more, such as `12.3 MB`. */
export function roundedBytes(bytes: number): string {
  const [name, size] =
    Object.entries(UNITS).findLast(([, unit]) => Math.abs(bytes) >= unit) ?? (['B', 1] as const);
  return `${size === 1 ? bytes : (bytes / size).toFixed(1)} ${name}`;
}
