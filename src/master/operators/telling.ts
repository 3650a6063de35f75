// Tasks, as streams with updates are told of them after their first record: in portions, each a
// step of its own, so that a hundred thousand hold up nothing. Each task is told as it is when its
// turn comes, with all that events before have said of it; events after it go on from there.
import { type MasterEvent, MasterEvent_Type, type Task } from '../../model/generated/messages.ts';
import { agentId, type StreamId } from '../../model/ids.ts';
import { messageSize } from '../../model/message-size.ts';
import { shownTask } from '../../model/role-sight.ts';
import { setTimer } from '../outbox.ts';
import type { Framework, MasterState } from '../state.ts';
import type { MasterTimer } from '../timers.ts';
import { roleSightOf, seesFramework, seesTask } from '../views/visibility.ts';
import type { Viewer } from '../views.ts';
import { seenBy } from './left-out.ts';

const TIMER: MasterTimer = 'operator-telling';

/** Of a portion: few milliseconds of the master's time. */
const MAX_TASKS = 500;
const MAX_BYTES = 512 * 1024;

interface Untold {
  readonly framework: Framework;
  readonly tasks: readonly Task[];
}

/** What is told to those who have subscribed together, and see the same. */
export interface Telling {
  readonly streams: Set<StreamId>;
  readonly untold: readonly Untold[];
  /** The next task: of which framework, and which of its. */
  framework: number;
  task: number;
}

/** Of all tasks that are there now. */
export function beginTelling(state: MasterState): Telling {
  const { registered, completed } = state.frameworks;
  const telling: Telling = {
    streams: new Set(),
    untold: [...registered.values(), ...completed.values()].map((framework) => ({
      framework,
      tasks: [
        ...framework.tasks.values(),
        ...framework.unreachableTasks.values(),
        ...framework.completedTasks,
      ],
    })),
    framework: 0,
    task: 0,
  };
  state.tellings.push(telling);
  setTimer(state, TIMER, 0);
  return telling;
}

/** The next portion of the one that has waited for longest. */
export function tellNext(state: MasterState): void {
  const telling = state.tellings.shift();
  if (telling === undefined) {
    return;
  }
  const portion = nextPortion(state, telling);
  const isLast = telling.framework === telling.untold.length;
  let event: MasterEvent | undefined;
  for (const stream of telling.streams) {
    const subscriber = state.subscribers.get(stream);
    if (subscriber === undefined) {
      telling.streams.delete(stream);
      continue;
    }
    if (event === undefined || state.options.isAudited) {
      event = seenBy(state, subscriber, (viewer) => eventOf(portion, isLast, viewer));
    }
    state.effects.push({ type: 'sendToOperator', stream, event });
  }
  if (!isLast && telling.streams.size > 0) {
    state.tellings.push(telling);
  }
  if (state.tellings.length > 0) {
    setTimer(state, TIMER, 0);
  }
}

function nextPortion(state: MasterState, telling: Telling): Untold[] {
  const portion: Untold[] = [];
  let [count, bytes] = [0, 0];
  for (; telling.framework < telling.untold.length; telling.framework++, telling.task = 0) {
    const { framework, tasks } = telling.untold[telling.framework] as Untold;
    const first = telling.task;
    while (telling.task < tasks.length && count < MAX_TASKS && bytes < MAX_BYTES) {
      bytes += sizeOf(state, tasks[telling.task++] as Task);
      count++;
    }
    portion.push({ framework, tasks: tasks.slice(first, telling.task) });
    if (telling.task < tasks.length) {
      break;
    }
  }
  return portion;
}

/** Known of those that run; what agents have said of others is looked through. */
function sizeOf({ agents }: MasterState, task: Task): number {
  const agent = agents.registered.get(agentId(task.agent_id.value));
  const size = agent?.taskSizes.get(task);
  return size === undefined ? messageSize(task, MAX_BYTES) : size.own + size.statuses;
}

function eventOf(portion: readonly Untold[], last: boolean, viewer: Viewer): MasterEvent {
  const sight = roleSightOf(viewer);
  const tasks = portion
    .filter(({ framework }) => seesFramework(viewer, framework))
    .flatMap(({ framework, tasks: all }) =>
      all.filter((task) => seesTask(viewer, framework, task)).map((task) => shownTask(task, sight)),
    );
  return { type: MasterEvent_Type.TASKS_TOLD, tasks_told: { tasks, last } };
}
