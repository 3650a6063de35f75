// Figures of a process on their way to who watches it: each has a name, and the names of others
// that it is about. /metrics/snapshot puts these into the name, as Mesos does; /metrics makes
// labels of them (http/metrics).
import type { Durations } from './timer-statistics.ts';

/** A number, or how long something took. */
export type Figure = number | Durations;

export type Figures = Readonly<Record<string, Figure>>;

/**
 * Takes one figure. `name` is as at /metrics/snapshot, with `{role}` and the like for each name
 * that others have chosen; `given` are these, in order.
 */
export type FigureSink = (name: string, figure: Figure, ...given: string[]) => void;

/** Gives figures the names that /metrics/snapshot has. */
export const snapshotSink =
  (set: (name: string, value: number) => void): FigureSink =>
  (name, figure, ...given) => {
    const key = given.length === 0 ? name : filled(name, given);
    if (typeof figure === 'number') {
      set(key, figure);
      return;
    }
    const ofWindow: Record<string, number> = {};
    figure.report(key, ofWindow);
    for (const [each, value] of Object.entries(ofWindow)) {
      set(each, value);
    }
  };

export function reportFigures(figures: Figures, set: FigureSink): void {
  for (const [name, figure] of Object.entries(figures)) {
    set(name, figure);
  }
}

/** Names of frameworks can be any text, and are encoded. */
const PLACE = /\{(\w+)\}/g;

interface Template {
  /** One more than there are places. */
  readonly texts: readonly string[];
  readonly isEncoded: readonly boolean[];
}

/** Bounded: the templates are texts of this program. */
const templates = new Map<string, Template>();

function templateOf(name: string): Template {
  const known = templates.get(name);
  if (known !== undefined) {
    return known;
  }
  const made = {
    texts: name.split(/\{\w+\}/),
    isEncoded: [...name.matchAll(PLACE)].map(([, place]) => place === 'framework_name'),
  };
  templates.set(name, made);
  return made;
}

function filled(name: string, given: readonly string[]): string {
  const { texts, isEncoded } = templateOf(name);
  let text = texts[0] ?? '';
  for (const [index, value] of given.entries()) {
    text += (isEncoded[index] ? encoded(value) : value) + (texts[index + 1] ?? '');
  }
  return text;
}

const encoded = (name: string) => encodeURIComponent(name.toWellFormed()).replaceAll('~', '%7E');
