// What was announced while masters came and went: every event that a framework has got, every call
// that was answered, each start of a task. `judge` tells what is wrong with it in the end: what was
// launched twice or lost, and what a master has sent after another one led.
import { readFileSync } from 'node:fs';

interface TaskBook {
  readonly agentId: string;
  /** Each status of an agent, in order, without those that came again. */
  readonly updates: { readonly uuid: string; readonly state: string }[];
  /** Those that the leader has accepted the acknowledgement of. */
  readonly acknowledged: Set<string>;
  /** The last that was told, also by a master of its own accord. */
  state: string;
  /** That of the last status of an agent, also of one that came again; '' before the first. */
  sent: string;
  /** What was told last, with the reasons. */
  readonly told: string[];
}

export interface Status {
  readonly task_id: { readonly value: string };
  readonly state: string;
  readonly uuid?: string;
  readonly reason?: string;
  readonly message?: string;
}

const ORDER = ['TASK_STAGING', 'TASK_STARTING', 'TASK_RUNNING', 'TASK_FINISHED'];
/** Of tasks of which the cluster says that they have never been, and will not be. */
const NEVER_WAS = new Set(['TASK_DROPPED', 'TASK_GONE', 'TASK_UNKNOWN']);
const ENDS = new Set([...NEVER_WAS, 'TASK_FINISHED', 'TASK_FAILED', 'TASK_KILLED', 'TASK_ERROR']);
/** What a fault shows of it. */
const MOST_TOLD = 10;

export class Ledger {
  readonly #startsFile: string;
  readonly #tasks = new Map<string, TaskBook>();
  /** Masters whose effects have been seen, by the ids of their MasterInfos; the last one leads. */
  readonly #terms: string[] = [];
  /** When the last of them began. */
  #termBeganMs = 0;
  readonly #faults: string[] = [];
  #events = 0;

  /** Each task that starts writes its id there, as a line. */
  constructor(startsFile: string) {
    this.#startsFile = startsFile;
  }

  /** Something that must not be. */
  fault(text: string): void {
    this.#faults.push(text);
  }

  /** A master, by the id of its MasterInfo, has let something out. */
  effect(master: string, what: string): void {
    this.#events++;
    if (this.#terms.at(-1) === master) {
      return;
    }
    if (this.#terms.includes(master)) {
      const sinceMs = Math.round(performance.now() - this.#termBeganMs);
      this.fault(
        `master ${master} has sent ${what} ${sinceMs} ms after ${this.#terms.at(-1)} began to lead`,
      );
      return;
    }
    // What came earlier on another connection is read in this turn of the loop, at the latest.
    setImmediate(() => {
      if (!this.#terms.includes(master)) {
        this.#terms.push(master);
        this.#termBeganMs = performance.now();
      }
    });
  }

  launched(task: string, agentId: string): void {
    this.#tasks.set(task, {
      agentId,
      updates: [],
      acknowledged: new Set(),
      state: 'TASK_STAGING',
      sent: '',
      told: [],
    });
  }

  told({ task_id, state, uuid, reason, message }: Status): void {
    const task = this.#tasks.get(task_id.value);
    if (task === undefined) {
      this.fault(`${state} of task ${task_id.value}, which nobody has launched`);
      return;
    }
    const before = task.told.length === 0 ? 'nothing' : task.told.join(', ');
    const told = `task ${task_id.value} is ${state} (${reason}: ${message}), told before: ${before}`;
    if (uuid === undefined) {
      if (!mayTell(state, task)) {
        this.fault(told);
      }
    } else {
      if (!task.updates.some((it) => it.uuid === uuid)) {
        if (isEarlier(state, task.updates.at(-1)?.state ?? '')) {
          this.fault(told);
        }
        task.updates.push({ uuid, state });
      }
      task.sent = state;
    }
    if (NEVER_WAS.has(state) && task.updates.some((it) => ORDER.includes(it.state))) {
      this.fault(told);
    }
    task.told.push(`${state} (${reason}${uuid === undefined ? '' : ', by the agent'})`);
    task.told.splice(0, task.told.length - MOST_TOLD);
    if (!ENDS.has(task.state) || ENDS.has(state)) {
      task.state = state;
    }
  }

  acknowledged(task: string, uuid: string): void {
    this.#tasks.get(task)?.acknowledged.add(uuid);
  }

  /** Of the tasks whose ids begin so: those that have not ended. */
  open(prefix: string): { readonly id: string; readonly agentId: string }[] {
    return [...this.#tasks]
      .filter(([id, { state }]) => id.startsWith(prefix) && !ENDS.has(state))
      .map(([id, { agentId }]) => ({ id, agentId }));
  }

  get isAllAcknowledged(): boolean {
    return [...this.#tasks.values()].every(({ updates, acknowledged }) =>
      updates.every(({ uuid }) => acknowledged.has(uuid)),
    );
  }

  get summary(): string {
    const ran = [...this.#tasks.values()].filter(({ state }) => state === 'TASK_FINISHED').length;
    return (
      `${this.#tasks.size} tasks, of which ${ran} ran, ` +
      `${this.#events} events of ${this.#terms.length} leaders`
    );
  }

  /** What is wrong: nothing, if all is well. To be asked when all tasks have ended. */
  judge(): readonly string[] {
    const starts = new Map<string, number>();
    for (const id of readFileSync(this.#startsFile, 'utf8').trim().split('\n')) {
      starts.set(id, (starts.get(id) ?? 0) + 1);
    }
    const wrong = [...this.#faults];
    for (const [id, { state, updates }] of this.#tasks) {
      const times = starts.get(id) ?? 0;
      const expected = NEVER_WAS.has(state) ? 0 : 1;
      if (times !== expected) {
        wrong.push(`task ${id} is ${state}, and was started ${times} times`);
      }
      const states = updates.map((it) => it.state);
      const missing = ['TASK_RUNNING', 'TASK_FINISHED'].filter((it) => !states.includes(it));
      if (expected === 1 && missing.length > 0) {
        wrong.push(`task ${id} is ${state}, and nobody was told of ${missing.join(', ')}`);
      }
    }
    for (const id of starts.keys()) {
      if (!this.#tasks.has(id)) {
        wrong.push(`task ${id} was started, and nobody has launched it`);
      }
    }
    return wrong;
  }
}

const isEarlier = (state: string, other: string) => ORDER.indexOf(state) < ORDER.indexOf(other);

/**
 * Whether a master may tell it of its own accord, as Mesos's does: of a task whose agent comes
 * back, the latest state, and to who reconciles, that of the last status which the agent has sent.
 * So a task can be said to be earlier than before, but never than by its agent. One that has ended
 * goes with its agent all the same, as long as its end is not acknowledged.
 */
function mayTell(state: string, { sent, state: known, updates, acknowledged }: TaskBook): boolean {
  if (state === 'TASK_UNREACHABLE' && known === 'TASK_FINISHED') {
    return !updates.some((it) => it.state === known && acknowledged.has(it.uuid));
  }
  const isOrdered = ORDER.includes(state);
  if (ENDS.has(known) && !(isOrdered && ORDER.includes(known))) {
    return state === known;
  }
  return !isOrdered || !isEarlier(state, sent);
}
