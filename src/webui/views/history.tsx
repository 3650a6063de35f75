// The last hours of the cluster as plots, from what the master keeps of each minute.

import { TaskState } from '../../model/generated/messages.ts';
import { taskStateName } from '../../model/task-state.ts';
import { Failed, Loading } from '../components/notices.tsx';
import { Plot, type Series } from '../components/plot.tsx';
import type { Reading } from '../components/reading.ts';
import { call } from '../stream/requests.ts';
import { amountText, countText, RESOURCE_TITLES, type ResourceName } from '../words/amounts.ts';
import { stateWords } from '../words/task-states.ts';

/** `GET_HISTORY` answers one value a moment in each list. */
export interface History {
  readonly seconds?: readonly number[];
  readonly resources?: readonly {
    readonly name: string;
    readonly total?: readonly number[];
    readonly offered?: readonly number[];
    readonly allocated?: readonly number[];
    readonly reserved?: readonly number[];
  }[];
  readonly tasks?: readonly {
    readonly state: string;
    readonly ended: boolean;
    readonly count?: readonly number[];
  }[];
}

export const readHistory = (signal: AbortSignal): Promise<History> =>
  call<History>('GET_HISTORY', {}, signal);

/** As of the last minute; 0 before there is one. */
export const reservedNow = (history: History | undefined, name: ResourceName): number =>
  history?.resources?.find((each) => each.name === name)?.reserved?.at(-1) ?? 0;

/** Ended so within the last moments. */
export function endedLately(history: History, state: TaskState, moments: number): number {
  const name = taskStateName(state);
  const { count = [] } = history.tasks?.find((each) => each.ended && each.state === name) ?? {};
  return count.slice(-moments).reduce((sum, each) => sum + each, 0);
}

const LINES: readonly (readonly [TaskState, string])[] = [
  [TaskState.TASK_RUNNING, '--good'],
  [TaskState.TASK_STAGING, '--begin'],
  [TaskState.TASK_UNREACHABLE, '--warn'],
];
const ENDS: readonly (readonly [TaskState, string])[] = [
  [TaskState.TASK_FINISHED, '--done'],
  [TaskState.TASK_FAILED, '--bad'],
  [TaskState.TASK_KILLED, '--begin'],
  [TaskState.TASK_LOST, '--lost'],
];

export function Plots({ value: history, failure }: Reading<History>) {
  if (history === undefined) {
    return failure === undefined ? <Loading what="the last hours" /> : <Failed failure={failure} />;
  }
  const { seconds = [], resources = [], tasks = [] } = history;
  if (seconds.length < 2) {
    return <p class="quiet">Plots begin when the master has seen two minutes.</p>;
  }
  const seriesOf = (lines: typeof LINES, ended: boolean): readonly Series[] =>
    lines.flatMap(([state, color]) => {
      const name = taskStateName(state);
      const { count } = tasks.find((each) => each.ended === ended && each.state === name) ?? {};
      return count === undefined ? [] : [{ label: stateWords(state).text, color, values: count }];
    });
  const plots: readonly (readonly [title: string, series: readonly Series[]])[] = [
    ['Tasks', seriesOf(LINES, false)],
    ['Tasks that ended, a minute', seriesOf(ENDS, true)],
  ];
  return (
    <div class="plots">
      {resources
        .filter(({ name, total = [] }) => name in RESOURCE_TITLES && total.some((each) => each > 0))
        .map(({ name, total = [], offered = [], allocated = [], reserved = [] }) => (
          <Plot
            key={name}
            title={RESOURCE_TITLES[name as ResourceName]}
            seconds={seconds}
            format={(value) => amountText(name as ResourceName, value)}
            isBinary={name === 'mem' || name === 'disk'}
            series={[
              { label: 'Total', color: '--series-total', values: total },
              {
                ...{ label: 'Allocated', color: '--series-allocated', values: allocated },
                isArea: true,
              },
              { label: 'Offered', color: '--series-offered', values: offered },
              { label: 'Reserved', color: '--series-reserved', values: reserved },
            ]}
          />
        ))}
      {plots
        .filter(([, series]) => series.length > 0)
        .map(([title, series]) => (
          <Plot key={title} title={title} seconds={seconds} series={series} format={countText} />
        ))}
    </div>
  );
}
