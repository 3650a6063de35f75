// Families of metrics, as Prometheus has them: which names of /metrics/snapshot are one family, and
// what in a name becomes a label.

type FamilyType = 'counter' | 'gauge' | 'histogram';

export interface Family {
  readonly name: string;
  readonly type: FamilyType;
  readonly help: string;
  /**
   * Names of /metrics/snapshot. `<state>` in one is a part without a slash, and becomes a label, as
   * does `<state:staging|running>`, which is one of these; `{role}` stands for a name that others
   * have chosen (model/figures.ts), and is a label, too.
   */
  readonly from: readonly string[];
  /** Figures are in these units, and shown in base units. */
  readonly unit?: 'milliseconds' | 'resource' | undefined;
  /** Of this family a sample of 0 is not shown: there would be too many. */
  readonly omitsZero?: boolean | undefined;
}

/** Rows of tables. */
export const gauge = (name: string, help: string, ...from: string[]): Family => ({
  name,
  type: 'gauge',
  help,
  from,
});

export const counter = (name: string, help: string, ...from: string[]): Family => ({
  name,
  type: 'counter',
  help,
  from,
});

export const duration = (name: string, help: string, from: string): Family => ({
  name,
  type: 'histogram',
  help,
  from: [from],
  unit: 'milliseconds',
});

/** Of resources, as the label `resource` says. */
export const amount = (name: string, help: string, from: string): Family => ({
  name,
  type: 'gauge',
  help: `${help} mem and disk are in bytes.`,
  from: [from],
  unit: 'resource',
});

/** Names of /metrics/snapshot that are in no family, and why. */
interface Omission {
  readonly from: string;
  readonly why: string;
}

export interface FamilyTable {
  readonly families: readonly Family[];
  readonly omissions: readonly Omission[];
}

interface Label {
  readonly name: string;
  /** Undefined: it is given with the figure. */
  readonly value: string | undefined;
}

/** Where a figure is shown. */
export interface Place {
  readonly family: Family;
  /** Those that are given come in the order in which they are. */
  readonly labels: readonly Label[];
}

interface Pattern {
  readonly regex: RegExp;
  readonly given: readonly string[];
}

const PARTS = /\{(\w+)\}|<(\w+)(?::([\w|]+))?>|[^{<]+/g;

const literal = (text: string) => text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&');

function patternOf(from: string): Pattern {
  const given: string[] = [];
  const regex = [...from.matchAll(PARTS)].map(([text, place, label, choices]) => {
    if (place !== undefined) {
      given.push(place);
    }
    return label === undefined ? literal(text) : `(?<${label}>${choices ?? '[^/]+'})`;
  });
  return { regex: new RegExp(`^${regex.join('')}$`), given };
}

/** The names of a family's labels, in the order in which they are shown. */
export function labelNames({ from: [first = ''] }: Family): readonly string[] {
  const found = [...first.matchAll(PARTS)];
  const given = found.flatMap(([, place]) => place ?? []);
  return [...given, ...found.flatMap(([, , label]) => label ?? [])];
}

/** Finds the place of each name. */
export class Places {
  readonly #patterns: readonly (Pattern & { readonly family: Family | undefined })[];
  /** Bounded: names are texts of this program, whose parts are of lists of Mesos's. */
  readonly #known = new Map<string, Place | undefined>();

  constructor({ families, omissions }: FamilyTable) {
    this.#patterns = [
      ...families.flatMap((family) => family.from.map((from) => ({ ...patternOf(from), family }))),
      ...omissions.map(({ from }) => ({ ...patternOf(from), family: undefined })),
    ];
  }

  /** Undefined: it is not shown. Throws Error for a name that no table has. */
  of(name: string): Place | undefined {
    if (!this.#known.has(name)) {
      this.#known.set(name, this.#find(name));
    }
    return this.#known.get(name);
  }

  #find(name: string): Place | undefined {
    for (const { regex, given, family } of this.#patterns) {
      const found = regex.exec(name);
      if (found !== null) {
        const fixed = Object.entries(found.groups ?? {});
        return (
          family && {
            family,
            labels: [
              ...given.map((label) => ({ name: label, value: undefined })),
              ...fixed.map(([label, value]) => ({ name: label, value: shown(value) })),
            ],
          }
        );
      }
    }
    throw new Error(`No family of metrics has '${name}' (src/http/metrics)`);
  }
}

/** Only /metrics/snapshot has the old word. */
const shown = (value: string) => value.replaceAll('slave', 'agent');
