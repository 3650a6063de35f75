// Runs a random history through two cores at once. The offers and tasks of the first decide what
// the steps mean.
import type { Allocator } from '../../src/core/interface.ts';
import type { Resource } from '../../src/model/generated/messages.ts';
import type { OracleAllocator } from '../oracle/allocator.ts';
import { oracle } from '../oracle/core.ts';
import type { History } from './histories.ts';
import { type DecidingCore, Replayer } from './replay.ts';
import { formatTrace, type TraceEvent, type TraceHeader, type TraceLine } from './trace.ts';
import { formatResources } from './trace-text.ts';
import { World } from './world.ts';

export interface Disagreement {
  readonly event: TraceEvent;
  readonly expected: string;
  readonly got: string;
  /** The history up to and including that event, in the form for `npm run traces`. */
  readonly trace: string;
}

export interface CompareOptions {
  readonly core: DecidingCore;
  /** Examines the core under test after every event; throws for what is wrong. */
  readonly inspect?: (replayer: Replayer, event: TraceEvent) => void;
  /**
   * Before that step the core's allocator is copied; from then on the copy must answer as the
   * original does.
   */
  readonly copy?: { readonly before: number; readonly make: (allocator: Allocator) => Allocator };
}

/** Where a history first differs, and what the oracle knows of chance there. */
interface Parting {
  readonly step: number;
  readonly found: Disagreement;
  /**
   * The number of offers that were begun for a guarantee; when their frameworks had their second
   * turn is not known.
   */
  readonly guaranteed: number;
  readonly turns: number;
}

/**
 * Undefined where the core answers every event as the oracle does, with offers in the same order.
 * Where chance decides and an offer was begun for a guarantee, the oracle tries every place for its
 * second turn. With several such offers in one event it does not try all combinations: if no place
 * fits, the history proves nothing from there on.
 */
export function disagreement(history: History, options: CompareOptions): Disagreement | undefined {
  const secondTurns = new Map<number, number>();
  let parting = firstParting(history, options, secondTurns);
  while (parting !== undefined && hasChance(history) && parting.guaranteed > 0) {
    const { step, turns, guaranteed, found } = parting;
    let next: Parting | undefined = parting;
    for (let place = 0; place <= turns && next?.step === step; place++) {
      secondTurns.set(step, place);
      next = firstParting(history, options, secondTurns);
    }
    if (next?.step === step) {
      return guaranteed > 1 ? undefined : found;
    }
    parting = next;
  }
  return parting?.found;
}

const hasChance = ({ options }: History) =>
  (options.shuffleSeed ?? 0) !== 0 ||
  options.roleSorter === 'random' ||
  options.frameworkSorter === 'random';

function firstParting(
  history: History,
  options: CompareOptions,
  secondTurns: ReadonlyMap<number, number>,
): Parting | undefined {
  const expecting = new Replayer(oracle, history.options);
  const tested = new Replayer(options.core, history.options);
  const world = new World(expecting, oracle.algebra);
  const lines: TraceLine[] = [];
  let copied: Replayer | undefined;
  for (const [index, step] of history.steps.entries()) {
    if (index === options.copy?.before) {
      copied = tested.over(options.copy.make(tested.allocator));
    }
    const event = world.eventOf(step);
    if (event === undefined) {
      continue;
    }
    const answers = (copied === undefined ? [tested] : [tested, copied]).map((replayer) =>
      answer(() => {
        const own = replayer.play(event);
        options.inspect?.(replayer, event);
        return JSON.stringify({ ...own, order: replayer.order });
      }),
    );
    const told = expecting.allocator as OracleAllocator;
    told.follow(tested.turns, secondTurns.get(index));
    const result = expecting.play(event);
    lines.push({ ...event, result });
    const expected = JSON.stringify({ ...result, order: expecting.order });
    for (const got of answers) {
      if (got === expected) {
        continue;
      }
      const trace = formatTrace({ header: headerOf(history), lines });
      return {
        step: index,
        found: { event, expected, got, trace },
        guaranteed: told.guaranteed,
        turns: Math.max(0, ...tested.turns.map((turns) => turns.length)),
      };
    }
  }
  return undefined;
}

function answer(play: () => string): string {
  try {
    return play();
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
}

const headerOf = ({ options }: History): TraceHeader => ({
  format: 'mesos-golden-1',
  family: 'random',
  seed: 0,
  options,
});

/**
 * On every agent, free, offered and used resources must add up to the total, kind by kind; shared
 * volumes are left out.
 */
export function checkConservation(replayer: Replayer): void {
  const { algebra } = oracle;
  const own = (resources: readonly Resource[]) =>
    resources.filter((resource) => resource.shared === undefined);
  for (const id of replayer.agentIds) {
    const total = own(replayer.allocator.total(id));
    const held = [...replayer.offers.values(), ...replayer.tasks()]
      .filter((holding) => holding.agentId === id)
      .map((holding) => own(holding.resources));
    const rest = algebra.subtract(total, algebra.sum(held));
    const free = own(replayer.allocator.free(id));
    if (!algebra.equal(rest, free)) {
      throw new Error(
        `free on ${id}: ${formatResources(free)}, but total less held is ${formatResources(rest)}`,
      );
    }
  }
}
