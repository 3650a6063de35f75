// Tasks, frameworks and agents as rows: what lists show, filter and sort by. All else stays in the
// bytes that it came in, to be read when one of them is looked at.
import type { Task, TaskState, TaskStatus } from '../../model/generated/messages.ts';
import { ProtobufReader } from '../../wire/protobuf-reader.ts';
import { TASK, TASK_STATUS } from './message-shapes.ts';
import { readShape, type Seen, type Shape } from './shapes.ts';
import { type Amounts, noAmounts, Sums } from './sums.ts';

/** Where in some bytes a message is. */
export interface Extent {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

export function readExtent<T>(shape: Shape, { bytes, start, end }: Extent): Seen<T> {
  const reader = new ProtobufReader(bytes);
  reader.position = start;
  return readShape<T>(shape, reader, end);
}

/** Of the statuses that come after a task's first sight, as many as the newest. */
const MAX_LATER_STATUSES = 32;

export class TaskRow {
  id = '';
  name = '';
  frameworkId = '';
  agentId = '';
  /** The task's id where it is not said, as for tasks with commands. */
  executorId = '';
  role = '*';
  state: TaskState = 6;
  /** `key:value`, or the key alone. */
  labels: readonly string[] | undefined;
  /** Undefined where nothing checks. */
  healthy: boolean | undefined;
  /** Of the first and last status; 0 where there is none. */
  startedMs = 0;
  changedMs = 0;
  isRevocable = false;
  readonly amounts: Amounts;
  readonly #first: Extent;
  #later: Uint8Array[] | undefined;

  constructor(first: Extent, amounts: Amounts) {
    this.#first = first;
    this.amounts = amounts;
  }

  addStatus(bytes: Uint8Array): void {
    this.#later ??= [];
    this.#later.push(bytes);
    if (this.#later.length > MAX_LATER_STATUSES) {
      this.#later.shift();
    }
  }

  /** Everything that is known of it, its statuses from the oldest on. */
  details(): Seen<Task> {
    const task = readExtent<Task>(TASK, this.#first);
    const later = (this.#later ?? []).map((bytes) =>
      readExtent<TaskStatus>(TASK_STATUS, { bytes, start: 0, end: bytes.length }),
    );
    return { ...task, statuses: [...(task.statuses ?? []), ...later] };
  }
}

export class FrameworkRow {
  id = '';
  name = '';
  user = '';
  hostname = '';
  principal = '';
  webUrl = '';
  roles: readonly string[] = [];
  /** Of these, those that it wants no offers for. */
  suppressedRoles: readonly string[] = [];
  /** Numbers of FrameworkInfo_Capability_Type. */
  capabilities: readonly number[] = [];
  labels: readonly string[] = [];
  failoverTimeoutSecs = 0;
  isCheckpointed = false;
  active = false;
  connected = false;
  recovered = false;
  /** Gone for good; its tasks are what is remembered of them. */
  isCompleted = false;
  registeredMs = 0;
  reregisteredMs = 0;
  unregisteredMs = 0;
  readonly tasks = new Map<string, TaskRow>();
  readonly sums = new Sums();
}

/** What an agent has of tasks, which may be told of before it, and after it has gone. */
export class AgentUse {
  readonly tasks = new Set<TaskRow>();
  readonly sums = new Sums();
}

export interface AttributeRow {
  readonly name: string;
  readonly text: string;
}

/** What has become of an agent that is not there. */
export interface AgentLoss {
  /** As an operator has said; it is unreachable else. */
  readonly isGone: boolean;
  readonly sinceMs: number;
  /** In words of the master; empty where it does not say. */
  readonly message: string;
}

/** That of agents that nobody has chosen another one for. */
export const USUAL_PORT = 5051;

export class AgentRow {
  id = '';
  /** Of one that is lost it may not be known. */
  hostname = '';
  port = USUAL_PORT;
  pid = '';
  version = '';
  region = '';
  zone = '';
  attributes: readonly AttributeRow[] = [];
  active = false;
  deactivated = false;
  /** Of the registry, and not back since the master was started. */
  isRecovered = false;
  /** Undefined for one that is there. */
  loss: AgentLoss | undefined;
  /** A number of DrainState; 0 where it is not drained. */
  drainState = 0;
  registeredMs = 0;
  reregisteredMs = 0;
  total: Amounts = noAmounts();
  /** Absent for one that is recovered. */
  extent: Extent | undefined;
}
