// `mesoscale top`: in a terminal until q, in a pipe once.
import { emitKeypressEvents } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { closestName } from '../../../model/closest-name.ts';
import type { FlagValues } from '../../flags/flag.ts';
import { quantitiesOf } from '../amounts.ts';
import { Cluster } from '../connection/cluster.ts';
import { CommandError, EXIT, outcomeOf } from '../outcome.ts';
import { printable } from '../output/printable.ts';
import { painted, type Screen, screenOf } from '../output/screen.ts';
import { tableText } from '../output/table-text.ts';
import type { Asked } from '../verb.ts';
import type { TOP_FLAGS } from './flags.ts';
import { askingMachines, MachineReader } from './machines.ts';
import { type Means, readTable, shownLines, type TopTable } from './tables.ts';
import { UsageReader } from './usage.ts';
import { type Key, pressed, VIEWS, type View, type ViewName } from './view.ts';

type Values = FlagValues<typeof TOP_FLAGS>;

const ROWS_IN_PIPE = 20;
const USUAL_TERMINAL_ROWS = 24;
/** Above and below the table: two lines, its titles, and the cursor's. */
const ROWS_AROUND = 4;
/** Between the two looks that tell what CPUs are used. */
const APART_MS = 1_000;
/** Of the time, no more than one part in so many is spent on looking. */
const LEISURE = 4;

const KEYS = 'q ends · t tasks, n agents, o roles · c m d g a sort · r reverse · arrows';

export async function showTop({ words, values }: Asked<typeof TOP_FLAGS>): Promise<void> {
  const view: View = {
    name: viewNamed(words[0] ?? 'tasks'),
    sort: values.sort,
    isReversed: values.reverse,
    from: 0,
  };
  const cluster = await Cluster.of(values);
  const means = {
    cluster,
    amountsOf: await quantitiesOf(),
    usage: new UsageReader(cluster, values),
    machines: new MachineReader(askingMachines(cluster, values)),
  };
  if (process.stdout.isTTY && process.stdin.isTTY) {
    await new LiveTop(means, values, view).run();
    return;
  }
  const rows = values.rows ?? ROWS_IN_PIPE;
  if (view.name === 'tasks') {
    await readTable(means, view, rows);
    await wait(APART_MS);
  }
  const table = await readTable(means, view, rows);
  process.stdout.write(linesText(table, view, rows, screenOf(process.stdout, process.env)));
  process.stderr.write(`${table.note}\n`);
}

/** Throws CommandError. */
function viewNamed(word: string): ViewName {
  const found = VIEWS.find((each) => each === word);
  if (found === undefined) {
    const close = closestName(word, VIEWS);
    const meant = close === undefined ? '' : ` (did you mean ${close}?)`;
    throw new CommandError(EXIT.usage, `expected ${VIEWS.join(', ')}, got '${word}'${meant}`);
  }
  return found;
}

function linesText(table: TopTable, view: View, rows: number, screen: Screen): string {
  return tableText(
    {
      columns: table.columns,
      rows: shownLines(table.lines, view, rows).map(({ cells }) => cells()),
      hasTitles: true,
    },
    screen,
  );
}

class LiveTop {
  readonly #means: Means;
  readonly #values: Values;
  #view: View;
  #table: TopTable | undefined;
  /** Why the last look has failed. */
  #trouble: string | undefined;
  #hasLooked = false;
  #hasEnded = false;
  #wake = () => {};

  constructor(means: Means, values: Values, view: View) {
    this.#means = means;
    this.#values = values;
    this.#view = view;
  }

  async run(): Promise<void> {
    // Loaded where it is used: without it, commands start sooner.
    const { default: update } = await import('log-update');
    const draw = () => {
      if (this.#table !== undefined && !this.#hasEnded) {
        update(this.#frame(this.#table));
      }
    };
    const onKey = (_: string | undefined, key: Key) => this.#press(key, draw);
    emitKeypressEvents(process.stdin);
    process.stdin.setRawMode(true).resume().on('keypress', onKey);
    process.stdout.on('resize', draw);
    try {
      while (!this.#hasEnded) {
        const begunMs = performance.now();
        await this.#look();
        draw();
        const tookMs = performance.now() - begunMs;
        await this.#rest(Math.max(this.#values.interval, LEISURE * tookMs));
      }
    } finally {
      process.stdin.setRawMode(false).pause().off('keypress', onKey);
      process.stdout.off('resize', draw);
      update.done();
    }
  }

  #press(key: Key, draw: () => void): void {
    const rows = this.#rows();
    const all = this.#table?.lines.length ?? 0;
    const next = pressed(this.#view, key, { rows, all });
    if (next === undefined) {
      this.#hasEnded = true;
      this.#wake();
      return;
    }
    const isOther = next.name !== this.#view.name;
    this.#view = next;
    if (isOther) {
      this.#table = undefined;
      this.#wake();
    }
    draw();
  }

  /** The first look must succeed; later ones may meet a master that is just being restarted. */
  async #look(): Promise<void> {
    const view = this.#view;
    try {
      const table = await readTable(this.#means, view, this.#rows());
      // Meanwhile another table may have been asked for.
      if (view.name === this.#view.name) {
        this.#table = table;
        this.#trouble = undefined;
        this.#hasLooked = true;
      }
    } catch (error) {
      if (!this.#hasLooked) {
        throw error;
      }
      this.#trouble = outcomeOf(error).message;
    }
  }

  async #rest(ms: number): Promise<void> {
    if (this.#hasEnded) {
      return;
    }
    const stop = new AbortController();
    this.#wake = () => stop.abort();
    await wait(ms, undefined, { signal: stop.signal }).catch(() => undefined);
    this.#wake = () => {};
  }

  #rows(): number {
    const room = (process.stdout.rows || USUAL_TERMINAL_ROWS) - ROWS_AROUND;
    return Math.max(1, Math.min(room, this.#values.rows ?? Number.POSITIVE_INFINITY));
  }

  #frame(table: TopTable): string {
    const screen = screenOf(process.stdout, process.env);
    const { name, sort, isReversed } = this.#view;
    const order = `${sort}${isReversed ? ', least first' : ''}`;
    const head = `${name} of ${this.#means.cluster.address} by ${order}: ${table.note}`;
    return [
      painted(screen, 'emphasis', cutTo(head, screen.columns)),
      linesText(table, this.#view, this.#rows(), screen).trimEnd(),
      this.#trouble === undefined
        ? painted(screen, 'faint', cutTo(KEYS, screen.columns))
        : painted(screen, 'bad', cutTo(this.#trouble, screen.columns)),
    ].join('\n');
  }
}

/** One line: why a look has failed may be a stranger's text. */
function cutTo(text: string, columns: number): string {
  const line = printable(text).replaceAll('\n', ' ');
  return line.length > columns ? `${line.slice(0, columns - 1)}…` : line;
}
