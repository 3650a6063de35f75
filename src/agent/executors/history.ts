// The history of completed tasks, executors and frameworks, bounded in number by flags, and in
// bytes. All frameworks share the bytes. At the bound the framework with most of them loses its
// oldest entry, so that one framework's large tasks cost others no history.
import type { ByteBudget, Weighed } from '../../model/byte-budget.ts';
import type { Task } from '../../model/generated/messages.ts';
import { messageSize } from '../../model/message-size.ts';
import type { AgentState } from '../state.ts';
import type { Executor } from './executor.ts';
import type { Framework } from './framework.ts';

/** Bytes of all completed tasks, executors and frameworks. */
export const MAX_HISTORY_BYTES = 64 * 1024 * 1024;

/** What is remembered, and the list in which it is shown. */
type Remembered =
  | { readonly type: 'task'; readonly task: Task; readonly shown: Task[] }
  | { readonly type: 'executor'; readonly executor: Executor; readonly shown: Executor[] }
  | {
      readonly type: 'framework';
      readonly framework: Framework;
      readonly shown: Map<Framework['id'], Framework>;
    };

interface Entry {
  readonly bytes: number;
  readonly remembered: Remembered;
}

/**
 * The history of one framework: its completed executors and tasks, oldest first, and the framework
 * itself when it is completed.
 */
export class FrameworkHistory implements Weighed {
  private readonly budget: ByteBudget;
  private readonly entries = new Map<object, Entry>();
  bytes = 0;

  constructor(budget: ByteBudget) {
    this.budget = budget;
  }

  add(item: object, bytes: number, remembered: Remembered): void {
    this.entries.set(item, { bytes, remembered });
    this.budget.take(this, bytes);
  }

  /** Takes an item out of the history: views do not show it any more, or not as completed. */
  drop(item: object): void {
    const entry = this.entries.get(item);
    if (entry !== undefined) {
      this.entries.delete(item);
      this.budget.giveBack(this, entry.bytes);
    }
  }

  forgetOldest(): void {
    for (const [item, { remembered }] of this.entries) {
      this.drop(item);
      forget(remembered);
      break;
    }
  }
}

/** Takes it from where it is shown, with all that is shown in it. */
function forget(remembered: Remembered): void {
  switch (remembered.type) {
    case 'task':
      removeFrom(remembered.shown, remembered.task);
      break;
    case 'executor':
      removeFrom(remembered.shown, remembered.executor);
      forgetExecutor(remembered.executor);
      break;
    case 'framework':
      remembered.shown.delete(remembered.framework.id);
      forgetFramework(remembered.framework);
      break;
    default:
      remembered satisfies never;
  }
}

const sizeOf = (message: object) => messageSize(message, MAX_HISTORY_BYTES);

export function rememberTask(agent: AgentState, executor: Executor, task: Task): void {
  const { completed, framework } = executor;
  completed.push(task);
  if (completed.length > agent.options.maxCompletedTasksPerExecutor) {
    framework.history.drop(completed.shift() ?? task);
  }
  if (completed.includes(task)) {
    framework.history.add(task, sizeOf(task), { type: 'task', task, shown: completed });
  }
}

export function rememberExecutor(agent: AgentState, executor: Executor): void {
  const { completed, history } = executor.framework;
  completed.push(executor);
  if (completed.length > agent.options.maxCompletedExecutorsPerFramework) {
    forgetExecutor(completed.shift() ?? executor);
  }
  if (completed.includes(executor)) {
    const remembered = { type: 'executor', executor, shown: completed } as const;
    history.add(executor, executorSize(executor), remembered);
  }
}

/** Bytes of a completed executor, without its completed tasks, which count by themselves. */
function executorSize({ info, queued, launched, terminated }: Executor): number {
  let bytes = sizeOf(info);
  for (const task of [...queued.values(), ...launched.values(), ...terminated.values()]) {
    bytes += sizeOf(task);
  }
  return bytes;
}

function forgetExecutor(executor: Executor): void {
  const { history } = executor.framework;
  history.drop(executor);
  for (const task of executor.completed) {
    history.drop(task);
  }
}

export function rememberFramework(agent: AgentState, framework: Framework): void {
  const { completedFrameworks } = agent;
  completedFrameworks.set(framework.id, framework);
  if (completedFrameworks.size > agent.options.maxCompletedFrameworks) {
    for (const oldest of completedFrameworks.values()) {
      completedFrameworks.delete(oldest.id);
      forgetFramework(oldest);
      break;
    }
  }
  if (completedFrameworks.has(framework.id)) {
    const remembered = { type: 'framework', framework, shown: completedFrameworks } as const;
    framework.history.add(framework, sizeOf(framework.info), remembered);
  }
}

function forgetFramework(framework: Framework): void {
  framework.history.drop(framework);
  for (const executor of framework.completed) {
    forgetExecutor(executor);
  }
}

/** Gives a framework that is back its history. */
export function takeHistory(
  agent: AgentState,
  id: Framework['id'],
): Pick<Framework, 'completed' | 'history'> {
  const earlier = agent.completedFrameworks.get(id);
  if (earlier === undefined) {
    return { completed: [], history: new FrameworkHistory(agent.history) };
  }
  agent.completedFrameworks.delete(id);
  earlier.history.drop(earlier);
  return { completed: earlier.completed, history: earlier.history };
}

function removeFrom<T>(list: T[], item: T): void {
  const index = list.indexOf(item);
  if (index >= 0) {
    list.splice(index, 1);
  }
}
