// What waits, and what is dropped, where the rate of a container is limited: queues of links, one a
// line, as the program that looks into namespaces writes them.
import type { TrafficControlStatistics } from '../../../model/generated/messages.ts';

/** In this order, after the link, the kind of queue and the class that it is in. */
const NUMBERS = [
  'bytes',
  'packets',
  'qlen',
  'backlog',
  'drops',
  'requeues',
  'overlimits',
  'ratebps',
  'ratepps',
] as const satisfies readonly (keyof TrafficControlStatistics)[];

/** In hexadecimal: a whole link, and the class with the rate, 1:1. */
const ROOT = 'ffffffff';
const RATE_CLASS = '10001';

/** Mesos's names for the queues of what a container sends, and of what it receives. */
const IDS = {
  sent: { limit: 'bw_limit', flows: 'bloat_reduction' },
  received: { limit: 'ingress_bw_limit', flows: 'ingress_bloat_reduction' },
} as const;

/** The words of a line. */
type Queue = readonly string[];

/** By the names of links. */
export const queueFigures = (text: string): ReadonlyMap<string, readonly Queue[]> =>
  Map.groupBy(
    text.split('\n').map((line) => line.split(' ')),
    ([link = '']) => link,
  );

/** Of the queues of a link, what limits its rate, and what keeps flows apart below that. */
export function queueStatistics(
  queues: readonly Queue[],
  direction: keyof typeof IDS,
): TrafficControlStatistics[] {
  const { limit, flows } = IDS[direction];
  return queues.flatMap(([, kind, parent, ...numbers]) => {
    const isLimit = kind === 'htb' && parent === ROOT;
    const isFlows = kind === 'fq_codel' && parent === RATE_CLASS;
    const id = isLimit ? limit : isFlows ? flows : undefined;
    return id === undefined ? [] : [{ id, ...namedNumbers(numbers) }];
  });
}

const namedNumbers = (numbers: readonly string[]): Omit<TrafficControlStatistics, 'id'> =>
  Object.fromEntries(NUMBERS.map((name, index) => [name, Number(numbers[index])]));
