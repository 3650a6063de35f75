// `mesoscale task logs`: what a task has printed, and prints.
import { containerIdOf } from '../../../model/container-id.ts';
import {
  AgentCall_Type,
  type AgentResponse_GetTasks,
  type Task,
} from '../../../model/generated/messages.ts';
import { isTerminal } from '../../../model/task-state.ts';
import { FlagError } from '../../flags/faults.ts';
import { containerOf, tasksOf } from '../connection/tasks.ts';
import { type Tailed, tail } from '../files/tail.ts';
import type { Asked } from '../verb.ts';
import type { TASK_LOGS_FLAGS } from './flags.ts';
import { type Sandbox, sandboxOf } from './sandbox.ts';

/** How often a master is asked that has all tasks to tell of. */
const MASTER_EVERY_MS = 15_000;

export async function printLogs({ words, values }: Asked<typeof TASK_LOGS_FLAGS>): Promise<void> {
  const { both, stderr, follow, lines, raw } = values;
  if (both && stderr) {
    throw new FlagError('--both has standard error: expected one of --both and --stderr');
  }
  const sandbox = await sandboxOf(words[0] ?? '', values);
  const place = (name: string) => ({
    server: sandbox.agent,
    path: `${sandbox.path}/${name}`,
    of: `task ${sandbox.task.task_id.value}`,
  });
  const files: readonly Tailed[] = both
    ? [
        { place: place('stdout'), stream: process.stdout },
        { place: place('stderr'), stream: process.stderr },
      ]
    : [{ place: place(stderr ? 'stderr' : 'stdout'), stream: process.stdout }];
  const end = new TaskEnd(sandbox);
  await tail(files, { lines, isRaw: raw, isFollowed: follow, isOver: () => end.hasCome() });
}

/** Whether a task has ended: its agent is asked, which has not all tasks of the cluster. */
class TaskEnd {
  readonly #sandbox: Sandbox;
  #hasEnded: boolean;
  #isDrained = false;
  #isKnownToAgent = false;
  #askedMaster = 0;

  constructor(sandbox: Sandbox) {
    this.#sandbox = sandbox;
    this.#hasEnded = isTerminal(sandbox.task.state);
  }

  /** Its output goes through its container, and is written when that is gone. */
  async hasCome(): Promise<boolean> {
    this.#isDrained ||= (await this.#taskHasEnded()) && !(await this.#hasContainer());
    return this.#isDrained;
  }

  async #hasContainer(): Promise<boolean> {
    const { agent, task } = this.#sandbox;
    const held = containerOf(task);
    if (held === undefined) {
      return false;
    }
    const get_containers = { show_nested: true };
    const answer = await agent.call({ type: AgentCall_Type.GET_CONTAINERS, get_containers });
    return (answer.get_containers?.containers ?? []).some(
      ({ container_id }) => containerIdOf(container_id) === containerIdOf(held),
    );
  }

  async #taskHasEnded(): Promise<boolean> {
    if (this.#hasEnded) {
      return true;
    }
    const { agent } = this.#sandbox;
    const { get_tasks } = await agent.call({ type: AgentCall_Type.GET_TASKS });
    const states = this.#statesIn(get_tasks);
    this.#isKnownToAgent ||= states.length > 0;
    // An agent may keep its tasks from who may read their files.
    this.#hasEnded = this.#isKnownToAgent ? !states.includes('live') : await this.#masterTells();
    return this.#hasEnded;
  }

  #statesIn(told: AgentResponse_GetTasks = {}): readonly ('live' | 'ended')[] {
    const { pending_tasks, queued_tasks, launched_tasks, terminated_tasks, completed_tasks } = told;
    const own = (tasks: readonly Task[] | undefined) => (tasks ?? []).some(this.#isOwn);
    return [
      ...([pending_tasks, queued_tasks, launched_tasks].some(own) ? ['live' as const] : []),
      ...([terminated_tasks, completed_tasks].some(own) ? ['ended' as const] : []),
    ];
  }

  readonly #isOwn = ({ task_id, framework_id }: Task): boolean => {
    const { task } = this.#sandbox;
    return task_id.value === task.task_id.value && framework_id.value === task.framework_id.value;
  };

  async #masterTells(): Promise<boolean> {
    const now = Date.now();
    if (now - this.#askedMaster < MASTER_EVERY_MS) {
      return false;
    }
    this.#askedMaster = now;
    const { live } = await tasksOf(this.#sandbox.cluster);
    const task = live.find(this.#isOwn);
    return task === undefined || isTerminal(task.state);
  }
}
