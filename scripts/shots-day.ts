// Half a day as GET_HISTORY tells it, for pictures of plots: no run of the command takes so long.
// It ends with what the site really has.

const MINUTES = 12 * 60;

/** Busy by day, quiet by night, with a batch each full hour; from 0.5 to 1. */
function busy(minute: number): number {
  const wave = 0.5 - 0.5 * Math.cos((minute / MINUTES) * 1.6 * Math.PI - 0.3);
  const batch = minute % 60 < 14 ? 0.09 : 0;
  const unrest = 0.02 * Math.sin(minute / 3) + 0.015 * Math.sin(minute / 7.3);
  return 0.5 + 0.38 * wave + batch + unrest;
}

/** Minutes of half a day until then, towards what the metrics say. */
export function halfADay(untilMs: number, metrics: Readonly<Record<string, number>>): object {
  const minutes = Array.from({ length: MINUTES }, (_, index) => index);
  const metric = (name: string) => metrics[`master/${name}`] ?? 0;
  const towards = (value: number) =>
    minutes.map((minute) => (value * busy(minute)) / busy(MINUTES - 1));
  const steadily = (value: number) => minutes.map(() => value);
  return {
    seconds: minutes.map((minute) => Math.round(untilMs / 1000) - (MINUTES - 1 - minute) * 60),
    resources: ['cpus', 'mem', 'disk', 'gpus'].map((name) => ({
      name,
      total: steadily(metric(`${name}_total`)),
      allocated: towards(metric(`${name}_used`)),
      offered: steadily(0),
      reserved: steadily(0),
    })),
    tasks: [
      {
        ...{ state: 'TASK_RUNNING', ended: false },
        count: towards(metric('tasks_running')).map(Math.round),
      },
      { state: 'TASK_FINISHED', ended: true, count: minutes.map(finished) },
      { state: 'TASK_FAILED', ended: true, count: minutes.map(failed) },
    ],
  };
}

const finished = (minute: number) =>
  Math.round((minute % 60 < 20 ? 9 : 3) * busy(minute) + (minute % 7) / 3);

/** Those of the last hour are the site's. */
function failed(minute: number): number {
  const isOfSite = minute === MINUTES - 48;
  return isOfSite || (minute < MINUTES - 60 && minute % 97 < 2) ? 2 : 0;
}
