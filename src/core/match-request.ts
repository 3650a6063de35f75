// Turns a request for the matcher into the block that the module reads, and reads the module's
// answers. The layout of the block is drawn at the head of asm/matcher/request.ts.
import { toMilli } from '../model/milli.ts';
import { MATCH_FREE, MATCH_HEADER_WORDS, MATCH_NONE, MATCH_SKIP } from './constants.ts';
import {
  Columns,
  countsOf,
  type Limit,
  limitsOf,
  Masks,
  PatternError,
  setBit,
} from './match-placements.ts';
import { Stock } from './match-stock.ts';
import type { Fitness, MatchOffer, MatchRequest, RunningTask, TaskDemand } from './matcher.ts';
import type { CoreModule } from './module.ts';
import { ownValue } from './own-value.ts';

/** How much of one dimension a task needs. */
interface Need {
  readonly dimension: number;
  readonly amount: number;
  /** How many of the amount are numbers that the matcher may choose. */
  readonly any: number;
}

export interface Plan {
  readonly needs: readonly Need[];
  readonly tokens: readonly number[];
  readonly limits: readonly Limit[];
  readonly mask: number | undefined;
  /** The field that is not valid; such a task is not placed. */
  readonly invalid: string | undefined;
}

interface Dimension {
  readonly name: string;
  readonly isScalar: boolean;
}

/** A number or an item that a task asks for by its value. */
interface Token {
  readonly name: string;
  readonly number?: number;
  readonly item?: string;
}

export interface Answer {
  /** The index of an offer, or one of the module's reasons. */
  readonly place: number;
  readonly detail: number | undefined;
}

const isCount = (value: number) => Number.isSafeInteger(value) && value >= 0;

export class Request {
  readonly stocks: readonly Stock[];
  readonly plans: readonly Plan[];
  readonly masks: Masks;
  readonly #offers: readonly MatchOffer[];
  readonly #tasks: readonly TaskDemand[];
  readonly #running: readonly RunningTask[];
  readonly #fitness: Fitness;
  readonly #columns: Columns;
  readonly #dimensions: Dimension[] = [];
  readonly #dimensionNumbers = new Map<string, number>();
  readonly #tokens: Token[] = [];
  readonly #tokenNumbers = new Map<string, number>();

  constructor({ tasks, offers, running = [], fitness }: MatchRequest) {
    this.#tasks = tasks;
    this.#running = running;
    this.#offers = offers;
    this.#fitness = fitness;
    this.stocks = offers.map((offer) => new Stock(offer.resources ?? []));
    this.#columns = new Columns(offers);
    this.masks = new Masks(this.#columns, offers.length);
    this.#findTokens();
    const limits = limitsOf(tasks);
    this.plans = tasks.map((task, index) => this.#plan(task, limits[index] ?? []));
  }

  /** Numbers that tasks ask for, in ascending order, then items. */
  #findTokens(): void {
    const numbers = new Map<string, Set<number>>();
    const items = new Map<string, Set<string>>();
    const collect = <T>(
      into: Map<string, Set<T>>,
      wanted: Readonly<Record<string, readonly T[]>> = {},
    ) => {
      for (const [name, list] of Object.entries(wanted)) {
        into.set(name, new Set([...(into.get(name) ?? []), ...list]));
      }
    };
    for (const task of this.#tasks) {
      collect(numbers, task.numbers);
      collect(items, task.items);
    }
    for (const [name, wanted] of numbers) {
      for (const number of [...wanted].sort((a, b) => a - b)) {
        this.#addToken({ name, number });
      }
    }
    for (const [name, wanted] of items) {
      for (const item of wanted) {
        this.#addToken({ name, item });
      }
    }
  }

  #addToken(token: Token): void {
    this.#tokenNumbers.set(tokenKey(token), this.#tokens.length);
    this.#tokens.push(token);
  }

  #token(token: Token): number {
    const number = this.#tokenNumbers.get(tokenKey(token));
    if (number === undefined) {
      throw new Error('tokens are found before tasks are planned');
    }
    return number;
  }

  #dimension(name: string, isScalar: boolean): number {
    const key = `${isScalar ? 's' : 'n'}${name}`;
    let number = this.#dimensionNumbers.get(key);
    if (number === undefined) {
      number = this.#dimensions.length;
      this.#dimensions.push({ name, isScalar });
      this.#dimensionNumbers.set(key, number);
    }
    return number;
  }

  /**
   * Numbers of a resource that tasks ask for; the matcher chooses others as long as there are any.
   */
  wantedNumbers(name: string): ReadonlySet<number> {
    return new Set(
      this.#tokens.flatMap((token) =>
        token.name === name && token.number !== undefined ? [token.number] : [],
      ),
    );
  }

  #plan(task: TaskDemand, limits: readonly Limit[]): Plan {
    const invalid = whatIsInvalid(task);
    const nothing = { needs: [], tokens: [], limits: [], mask: undefined };
    if (invalid !== undefined) {
      return { ...nothing, invalid };
    }
    try {
      const mask = this.masks.of(task);
      return { ...this.#needsOf(task), limits, mask, invalid: undefined };
    } catch (error) {
      if (error instanceof PatternError) {
        return { ...nothing, invalid: error.attribute };
      }
      throw error;
    }
  }

  #needsOf(task: TaskDemand): Pick<Plan, 'needs' | 'tokens'> {
    const needs: Need[] = [];
    for (const [name, value] of Object.entries(task.amounts)) {
      const amount = toMilli(value);
      if (amount > 0) {
        needs.push({ dimension: this.#dimension(name, true), amount, any: 0 });
      }
    }
    const { counts = {}, numbers = {}, items = {} } = task;
    for (const name of new Set([...Object.keys(counts), ...Object.keys(numbers)])) {
      const any = ownValue(counts, name) ?? 0;
      const amount = any + (ownValue(numbers, name)?.length ?? 0);
      if (amount > 0) {
        needs.push({ dimension: this.#dimension(name, false), amount, any });
      }
    }
    const tokens = [
      ...Object.entries(numbers).flatMap(([name, list]) =>
        list.map((number) => this.#token({ name, number })),
      ),
      ...Object.entries(items).flatMap(([name, list]) =>
        list.map((item) => this.#token({ name, item })),
      ),
    ];
    return { needs, tokens };
  }

  /** The resource that the detail of a 'too large' answer is about. */
  nameOfDetail(detail: number): string | undefined {
    return (this.#dimensions[detail] ?? this.#tokens[detail - this.#dimensions.length])?.name;
  }

  /** Has the module place the tasks. */
  run(module: CoreModule): Answer[] {
    const groups = this.#counters();
    const block = this.#blockSize(groups.size);
    const at = module.exports.matchReserve(block.bytes) >>> 0;
    if (at === 0) {
      throw new RangeError('the request is too big for the matcher');
    }
    module.refresh();
    const writer = new BlockWriter(module, at);
    writer.words([
      this.#offers.length,
      this.#tasks.length,
      this.#dimensions.length,
      this.masks.list.length,
      this.#tokens.length,
      groups.columns.length,
      groups.size,
      block.needs,
      block.tokens,
      block.limits,
      this.#fitness.type === 'spread' ? 0 : 1,
      ...new Array<number>(5).fill(0),
    ]);
    this.#writeOffers(writer);
    this.#writeTasks(writer, groups);
    this.#writeColumns(writer, groups);
    const status = module.exports.matchRun(block.bytes);
    if (status !== 0) {
      throw new Error(`the matcher refused its request with status ${status}`);
    }
    return this.#tasks.map((_, index) => {
      const place = writer.read(index) | 0;
      const detail = writer.read(this.#tasks.length + index);
      return { place, detail: detail === MATCH_NONE ? undefined : detail };
    });
  }

  #writeOffers(writer: BlockWriter): void {
    const left = this.#dimensions.map(({ name, isScalar }) =>
      this.stocks.map((stock) => (isScalar ? stock.milli(name) : stock.numbers(name))),
    );
    for (const column of left) {
      writer.floats(column);
    }
    for (const [index, column] of left.entries()) {
      const weight = this.#weightOf(index);
      writer.floats(column.map((amount) => (amount > 0 ? weight / amount : 0)));
    }
    for (const [index, column] of left.entries()) {
      const { name, isScalar } = this.#dimensions[index] as Dimension;
      const wanted = isScalar ? [] : [...this.wantedNumbers(name)];
      writer.floats(
        column.map((count, offer) => {
          const held = wanted.filter((number) => this.stocks[offer]?.hasNumber(name, number));
          return count - held.length;
        }),
      );
    }
    writer.floats(this.#offers.map(() => 0));
  }

  #weightOf(dimension: number): number {
    const { name, isScalar } = this.#dimensions[dimension] as Dimension;
    if (this.#fitness.type === 'weighted') {
      return ownValue(this.#fitness.weights, name) ?? 0;
    }
    return isScalar ? 1 : 0;
  }

  #writeTasks(writer: BlockWriter, groups: Counters): void {
    for (const { needs } of this.plans) {
      for (const { dimension, amount, any } of needs) {
        writer.need(amount, dimension, any);
      }
    }
    writer.words(
      this.plans.map(({ mask, invalid }) =>
        invalid === undefined ? (mask ?? MATCH_NONE) : MATCH_SKIP,
      ),
    );
    writer.words(firsts(this.plans.map(({ needs }) => needs.length)));
    writer.words(firsts(this.plans.map(({ tokens }) => tokens.length)));
    writer.words(firsts(this.plans.map(({ limits }) => limits.length)));
    writer.words(this.plans.flatMap(({ tokens }) => tokens));
    for (const { limits } of this.plans) {
      for (const { group, attribute, most, counts } of limits) {
        writer.words([
          groups.columns.indexOf(attribute),
          groups.baseOf(group, attribute) ?? 0,
          most === 'even' ? MATCH_NONE : most === 'any' ? MATCH_FREE : most,
          counts ? 1 : 0,
        ]);
      }
    }
    writer.words(
      this.#tokens.map(({ name, number }) =>
        number === undefined ? MATCH_NONE : (this.#dimensionNumbers.get(`n${name}`) ?? MATCH_NONE),
      ),
    );
  }

  #writeColumns(writer: BlockWriter, groups: Counters): void {
    for (const { words } of this.masks.list) {
      writer.words(words);
    }
    for (const { name, number, item } of this.#tokens) {
      const words = new Uint32Array((this.#offers.length + 31) >> 5);
      for (const [offer, stock] of this.stocks.entries()) {
        const holds =
          number === undefined ? stock.hasItem(name, item ?? '') : stock.hasNumber(name, number);
        if (holds) {
          setBit(words, offer);
        }
      }
      writer.words(words);
    }
    const columns = groups.columns.map((attribute) => this.#columns.of(attribute));
    writer.words(columns.map(({ values }) => values.length));
    for (const { ofOffer } of columns) {
      writer.words(ofOffer.map((value) => value ?? MATCH_NONE));
    }
    writer.words(this.#countsSoFar(groups));
  }

  /**
   * The running tasks under each counter. A value that no offer has is left out: no task can be
   * placed there.
   */
  #countsSoFar(groups: Counters): Uint32Array {
    const counts = new Uint32Array(groups.size);
    for (const { group, attribute, value } of countsOf(this.#running, this.#tasks)) {
      const base = groups.baseOf(group, attribute);
      const number = this.#columns.of(attribute).numbers.get(value);
      if (base === undefined || number === undefined) {
        continue;
      }
      counts[base + number] = (counts[base + number] ?? 0) + 1;
    }
    return counts;
  }

  /** The counters: one for each group, attribute and value. */
  #counters(): Counters {
    const columns: string[] = [];
    const bases = new Map<string, number>();
    const key = (group: string, attribute: string) => JSON.stringify([group, attribute]);
    let size = 0;
    for (const { limits } of this.plans) {
      for (const { group, attribute } of limits) {
        if (!columns.includes(attribute)) {
          columns.push(attribute);
        }
        if (bases.has(key(group, attribute))) {
          continue;
        }
        bases.set(key(group, attribute), size);
        size += this.#columns.of(attribute).values.length;
      }
    }
    const baseOf = (group: string, attribute: string) => bases.get(key(group, attribute));
    return { columns, size, baseOf };
  }

  #blockSize(counters: number) {
    const total = (of: (plan: Plan) => number) =>
      this.plans.reduce((sum, plan) => sum + of(plan), 0);
    const needs = total((plan) => plan.needs.length);
    const tokens = total((plan) => plan.tokens.length);
    const limits = total((plan) => plan.limits.length);
    const offers = this.#offers.length;
    const tasks = this.#tasks.length;
    const masks = this.masks.list.length;
    const columns = new Set(this.plans.flatMap((plan) => plan.limits.map((l) => l.attribute))).size;
    const words = (offers + 31) >> 5;
    const floats = 3 * this.#dimensions.length * offers + offers;
    const integers =
      tasks +
      3 * (tasks + 1) +
      tokens +
      4 * limits +
      this.#tokens.length +
      (masks + this.#tokens.length) * words +
      columns +
      columns * offers +
      counters +
      2 * tasks;
    return {
      bytes: 4 * MATCH_HEADER_WORDS + 8 * floats + 16 * needs + 4 * integers,
      needs,
      tokens,
      limits,
    };
  }
}

interface Counters {
  /** Attributes whose values have counters. */
  readonly columns: readonly string[];
  readonly size: number;
  /**
   * The first counter of the group on the attribute; undefined where no task of the request has
   * such a limit.
   */
  readonly baseOf: (group: string, attribute: string) => number | undefined;
}

/** Writes the block front to back. */
class BlockWriter {
  readonly #module: CoreModule;
  #at: number;

  constructor(module: CoreModule, address: number) {
    this.#module = module;
    this.#at = address >>> 2;
  }

  words(values: ArrayLike<number>): void {
    this.#module.u32.set(values, this.#at);
    this.#at += values.length;
  }

  floats(values: ArrayLike<number>): void {
    this.#module.f64.set(values, this.#at >> 1);
    this.#at += 2 * values.length;
  }

  need(amount: number, dimension: number, any: number): void {
    this.floats([amount]);
    this.words([dimension, any]);
  }

  /** A word after everything that was written. */
  read(index: number): number {
    return this.#module.u32[this.#at + index] ?? MATCH_NONE;
  }
}

const tokenKey = ({ name, number, item }: Token) => JSON.stringify([name, number ?? null, item]);

function firsts(lengths: readonly number[]): number[] {
  const result = [0];
  for (const length of lengths) {
    result.push((result.at(-1) ?? 0) + length);
  }
  return result;
}

/** The name of the first amount that is not valid, if there is one. */
function whatIsInvalid(task: TaskDemand): string | undefined {
  for (const [name, value] of Object.entries(task.amounts)) {
    if (!(value >= 0) || !Number.isSafeInteger(toMilli(value))) {
      return name;
    }
  }
  for (const [name, count] of Object.entries(task.counts ?? {})) {
    if (!isCount(count) || count > 0x7fffffff) {
      return name;
    }
  }
  for (const [name, numbers] of Object.entries(task.numbers ?? {})) {
    if (!numbers.every(isCount) || new Set(numbers).size < numbers.length) {
      return name;
    }
  }
  for (const [name, items] of Object.entries(task.items ?? {})) {
    if (new Set(items).size < items.length) {
      return name;
    }
  }
  for (const constraint of task.constraints ?? []) {
    const isBound =
      constraint.type !== 'maxPer' || (isCount(constraint.count) && constraint.count < MATCH_FREE);
    if (!isBound) {
      return constraint.attribute;
    }
  }
  return undefined;
}
