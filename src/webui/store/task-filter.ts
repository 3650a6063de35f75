// Filters of tasks, as the query of a place has them.
import { TaskState } from '../../model/generated/messages.ts';
import { isTerminal, taskStateName } from '../../model/task-state.ts';
import type { Cluster } from './cluster.ts';
import type { TaskRow } from './rows.ts';
import { wordsOf } from './wanted-words.ts';

export interface TaskFilter {
  /** `TASK_RUNNING`, `live` for all that have not ended, `all`. Absent means `live`. */
  readonly state?: string | undefined;
  readonly framework?: string | undefined;
  readonly agent?: string | undefined;
  readonly executor?: string | undefined;
  /** Itself, and roles below it. */
  readonly role?: string | undefined;
  /** `key:value`, or a key. */
  readonly label?: string | undefined;
  /** Words that must all be in names, ids, labels, or the names of agent and framework. */
  readonly q?: string | undefined;
}

/** Undefined for words that are no state: nothing has it. */
function passesState(text: string): (state: TaskState) => boolean {
  if (text === 'all') {
    return () => true;
  }
  if (text === 'live') {
    return (state) => !isTerminal(state);
  }
  const wanted = Object.values(TaskState).find((state) => taskStateName(state) === text);
  return (state) => state === wanted;
}

/** What of a cluster a task must be on, or of, to be found by a word. */
interface Meant {
  readonly word: string;
  readonly agents: ReadonlySet<string>;
  readonly frameworks: ReadonlySet<string>;
}

function meant(word: string, { agents, away, frameworks }: Cluster): Meant {
  const idsOf = (rows: Iterable<{ id: string }>, text: (row: never) => string) =>
    new Set([...rows].filter((row) => has(text(row as never), word)).map(({ id }) => id));
  return {
    word,
    agents: idsOf(
      [...agents.values(), ...away.lost.values()],
      (row: { id: string; hostname: string }) => row.hostname,
    ),
    frameworks: idsOf(frameworks.values(), (row: { id: string; name: string }) => row.name),
  };
}

const has = (text: string, word: string) => text.toLowerCase().includes(word);

const finds = (task: TaskRow, { word, agents, frameworks }: Meant) =>
  has(task.name, word) ||
  has(task.id, word) ||
  agents.has(task.agentId) ||
  frameworks.has(task.frameworkId) ||
  (task.labels?.some((label) => has(label, word)) ?? false);

/** Whether a task passes; names of agents and frameworks are those of now. */
export function taskFilter(filter: TaskFilter, cluster: Cluster): (task: TaskRow) => boolean {
  const { framework, agent, executor, role, label } = filter;
  const isState = passesState(filter.state ?? 'live');
  const words = wordsOf(filter.q ?? '');
  const all = words.map((word) => meant(word, cluster));
  return (task) =>
    isState(task.state) &&
    (framework === undefined || task.frameworkId === framework) &&
    (agent === undefined || task.agentId === agent) &&
    (executor === undefined || task.executorId === executor) &&
    (role === undefined || task.role === role || task.role.startsWith(`${role}/`)) &&
    (label === undefined ||
      (task.labels?.some((each) => each === label || each.startsWith(`${label}:`)) ?? false)) &&
    all.every((each) => finds(task, each));
}
