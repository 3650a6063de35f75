// The matcher over the module: a request becomes a block of numbers in its memory, and the module's
// answers become placements and reasons.
import { toMilli } from '../model/milli.ts';
import { checkMatch } from './arguments.ts';
import {
  MATCH_GROUP_FULL,
  MATCH_NOT_ALLOWED,
  MATCH_SKIPPED,
  MATCH_TOO_LARGE,
} from './constants.ts';
import { type Answer, type Plan, Request } from './match-request.ts';
import type { Stock } from './match-stock.ts';
import type {
  Matcher,
  MatchRequest,
  MatchResult,
  Placement,
  TaskDemand,
  Unplaced,
} from './matcher.ts';
import { ownValue } from './own-value.ts';
import type { SharedInstance } from './shared-instance.ts';

export class WasmMatcher implements Matcher {
  readonly #shared: SharedInstance;

  constructor(shared: SharedInstance) {
    this.#shared = shared;
  }

  match(input: MatchRequest): MatchResult {
    checkMatch(input);
    const request = new Request(input);
    const placed: Placement[] = [];
    const unplaced: Unplaced[] = [];
    const wanted = new Map<string, ReadonlySet<number>>();
    const wantedOf = (name: string) => {
      const known = wanted.get(name) ?? request.wantedNumbers(name);
      wanted.set(name, known);
      return known;
    };
    const answers = this.#shared.run(({ module }) => request.run(module));
    for (const [task, answer] of answers.entries()) {
      const stock = request.stocks[answer.place];
      const demand = input.tasks[task] as TaskDemand;
      const plan = request.plans[task] as Plan;
      if (stock !== undefined) {
        placed.push({ task, offer: answer.place, resources: take(stock, demand, wantedOf) });
      } else {
        unplaced.push({ task, ...whyNot(request, plan, answer, input.offers.length) });
      }
    }
    return { placed, unplaced };
  }
}

function take(
  stock: Stock,
  task: TaskDemand,
  wantedOf: (name: string) => ReadonlySet<number>,
): Placement['resources'] {
  const { counts = {}, numbers = {}, items = {} } = task;
  const named = new Set([...Object.keys(counts), ...Object.keys(numbers)]);
  return [
    ...Object.entries(task.amounts).flatMap(([name, value]) =>
      stock.takeScalar(name, toMilli(value)),
    ),
    ...[...named].flatMap((name) =>
      stock.takeNumbers(name, {
        exact: ownValue(numbers, name) ?? [],
        any: ownValue(counts, name) ?? 0,
        wanted: wantedOf(name),
      }),
    ),
    ...Object.entries(items).flatMap(([name, list]) => stock.takeItems(name, list)),
  ];
}

function whyNot(
  request: Request,
  plan: Plan,
  { place, detail }: Answer,
  offers: number,
): Omit<Unplaced, 'task'> {
  switch (place) {
    case MATCH_SKIPPED:
      return { reason: 'invalid demand', detail: plan.invalid };
    case MATCH_NOT_ALLOWED: {
      if (offers === 0) {
        return { reason: 'no offers' };
      }
      const mask = plan.mask === undefined ? undefined : request.masks.list[plan.mask];
      return { reason: 'constraints', detail: mask?.blockedBy };
    }
    case MATCH_TOO_LARGE:
      return {
        reason: 'too large',
        detail: detail === undefined ? undefined : request.nameOfDetail(detail),
      };
    case MATCH_GROUP_FULL:
      return {
        reason: 'group',
        detail: detail === undefined ? undefined : plan.limits[detail]?.attribute,
      };
    default:
      throw new Error(`the matcher answered ${place}`);
  }
}
