// Prometheus's text format, version 0.0.4: the samples of each family together, after its help and
// type. Figures come in any order, so each family gathers its lines.
import type { Figure, FigureSink } from '../../model/figures.ts';
import { BOUNDS_MS, type Durations } from '../../model/timer-statistics.ts';
import type { Family, Place, Places } from './family.ts';

export const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

const MS_PER_SECOND = 1_000;
const BYTES_PER_MEGABYTE = 1_048_576;
/** Resources that Mesos counts in megabytes. */
const IN_MEGABYTES: ReadonlySet<string> = new Set(['mem', 'disk']);

const BOUNDS = BOUNDS_MS.map((ms) => String(ms / MS_PER_SECOND));

export class Exposition {
  readonly #places: Places;
  readonly #lines = new Map<Family, string[]>();

  constructor(places: Places) {
    this.#places = places;
  }

  readonly sink: FigureSink = (name, figure, ...given) => {
    const place = this.#places.of(name);
    if (place !== undefined && !(figure === 0 && place.family.omitsZero)) {
      this.#add(place, figure, given);
    }
  };

  /** A text for each family that has samples. */
  *texts(): Generator<string> {
    for (const [{ name, type, help }, lines] of this.#lines) {
      yield `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
    }
  }

  #add(place: Place, figure: Figure, given: readonly string[]): void {
    const { family } = place;
    const lines = this.#lines.get(family) ?? [];
    this.#lines.set(family, lines);
    const labels = labelsOf(place, given);
    if (typeof figure !== 'number') {
      addHistogram(lines, { name: family.name, labels }, figure);
      return;
    }
    const value = inBaseUnits(place, figure, given);
    lines.push(`${family.name}${labels === '' ? '' : `{${labels}}`} ${numberText(value)}\n`);
  }
}

function labelsOf({ labels }: Place, given: readonly string[]): string {
  let text = '';
  let next = 0;
  for (const { name, value } of labels) {
    text += `${text === '' ? '' : ','}${name}="${value ?? escaped(given[next++] ?? '')}"`;
  }
  return text;
}

function inBaseUnits({ family, labels }: Place, value: number, given: readonly string[]): number {
  switch (family.unit) {
    case 'milliseconds':
      return value / MS_PER_SECOND;
    case 'resource': {
      // Where it is given, it is the last of those.
      const fixed = labels.find(({ name }) => name === 'resource')?.value;
      return IN_MEGABYTES.has(fixed ?? given.at(-1) ?? '') ? value * BYTES_PER_MEGABYTE : value;
    }
    case undefined:
      return value;
  }
}

/** Samples of 0 are shown: rates are then right from the first on. */
function addHistogram(
  lines: string[],
  { name, labels }: { readonly name: string; readonly labels: string },
  durations: Durations,
): void {
  const { within, count, sumMs } = durations.histogram();
  const before = labels === '' ? '' : `${labels},`;
  for (const [index, bound] of BOUNDS.entries()) {
    lines.push(`${name}_bucket{${before}le="${bound}"} ${within[index] ?? 0}\n`);
  }
  const own = labels === '' ? '' : `{${labels}}`;
  lines.push(
    `${name}_bucket{${before}le="+Inf"} ${count}\n`,
    `${name}_sum${own} ${numberText(sumMs / MS_PER_SECOND)}\n`,
    `${name}_count${own} ${count}\n`,
  );
}

const SPECIAL = /["\\\n]/g;

function escaped(value: string): string {
  return value.search(SPECIAL) < 0
    ? value
    : value.replaceAll(SPECIAL, (it) => (it === '\n' ? '\\n' : `\\${it}`));
}

const numberText = (value: number) =>
  Number.isFinite(value) ? String(value) : String(value).replace('Infinity', 'Inf');
