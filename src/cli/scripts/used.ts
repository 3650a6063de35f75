// What an agent's /monitor/statistics tells of the executors there. An agent may answer anything:
// what is no figure is left out, so that the tasks of the others are shown all the same.

const FIGURES = [
  'cpus_soft_limit',
  'cpus_limit',
  'cpus_user_time_secs',
  'cpus_system_time_secs',
  'mem_rss_bytes',
  'mem_limit_bytes',
] as const;

export type Used = { readonly [Figure in (typeof FIGURES)[number]]?: number };

/** By the ids of framework and executor, with a blank between. */
export function usedIn(answer: unknown): ReadonlyMap<string, Used> {
  return new Map(
    (Array.isArray(answer) ? answer : []).map((each: unknown) => {
      const { framework_id, executor_id, statistics } = entriesOf(each);
      const figures = entriesOf(statistics);
      const known = FIGURES.flatMap((name) => {
        const figure = figures[name];
        return isFigure(figure) ? [[name, figure] as const] : [];
      });
      return [`${String(framework_id)} ${String(executor_id)}`, Object.fromEntries(known)] as const;
    }),
  );
}

const isFigure = (value: unknown): value is number => Number.isFinite(value) && Number(value) >= 0;

const entriesOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
