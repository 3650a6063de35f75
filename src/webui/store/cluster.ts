// What the stream of events has told of the cluster, from its first record on: frameworks with
// their tasks, and agents. It says what has changed, so that lists need not be made anew.
import type {
  MasterEvent_AgentRemoved,
  MasterEvent_AgentsRefused,
  MasterEvent_FrameworkRemoved,
  MasterResponse_GetFrameworks_Framework,
  TaskState,
} from '../../model/generated/messages.ts';
import { isTerminal } from '../../model/task-state.ts';
import { ProtobufReader } from '../../wire/protobuf-reader.ts';
import { AwayAgents } from './away-agents.ts';
import type { ClusterEvent } from './event-tail.ts';
import { type FieldExtent, messageFields, messagesOf, readId } from './fields.ts';
import {
  AGENT_REMOVED as AGENT_REMOVED_SHAPE,
  AGENTS_REFUSED as AGENTS_REFUSED_SHAPE,
  FRAMEWORK,
  FRAMEWORK_REMOVED,
  LOST_AGENT,
  REFUSED_AGENT,
} from './message-shapes.ts';
import {
  fillFramework,
  fillFrameworkInfo,
  readAgent,
  readRecoveredAgent,
  readStatus,
  readTask,
} from './row-readers.ts';
import { type AgentRow, AgentUse, FrameworkRow, type TaskRow } from './rows.ts';
import { readShape, type Seen } from './shapes.ts';
import { Sums } from './sums.ts';

/** Tasks that have ended, of all frameworks: beyond that the oldest are forgotten. */
const MAX_ENDED_TASKS = 50_000;
/** Frameworks that are gone. */
const MAX_COMPLETED_FRAMEWORKS = 1000;
/** Messages of the first record that are read before others have their turn. */
const SLICE = 250;

/** Fields of master.Event. */
const SUBSCRIBED = 2;
const TASK_ADDED = 3;
const TASK_UPDATED = 4;
const AGENT_ADDED = 5;
const AGENT_REMOVED = 6;
const FRAMEWORK_ADDED = 7;
const FRAMEWORK_UPDATED = 8;
const FRAMEWORK_GONE = 9;
/** Of our own: the page asks for it. */
const AGENT_UPDATED = 10_000;
const TASKS_TOLD = 10_001;
const AGENTS_REFUSED = 10_002;
/** Fields of GetAgents. */
const LOST_AGENTS = 10_000;
const REFUSED_AGENTS = 10_002;

/** What has changed since it was asked the last time. */
export interface Changes {
  readonly tasks: ReadonlySet<TaskRow>;
  /** Forgotten. */
  readonly gone: ReadonlySet<TaskRow>;
}

export class Cluster {
  readonly frameworks = new Map<string, FrameworkRow>();
  /** Those that are there, or are to come back after a start of the master. */
  readonly agents = new Map<string, AgentRow>();
  readonly away = new AwayAgents();
  /** By agent. */
  readonly #uses = new Map<string, AgentUse>();
  readonly sums = new Sums();
  /** Between signs of life of the master. */
  heartbeatMs = 15_000;
  /** Whether the first record has been taken as a whole, which has all but the tasks. */
  isFilled = false;
  /** Whether all tasks have been told of, too. */
  isWhole = false;
  /** Whether anything is another than when changes were taken the last time. */
  hasChanged = true;
  /** In the order in which they ended. */
  readonly #ended = new Set<TaskRow>();
  readonly #completed = new Set<FrameworkRow>();
  readonly #ids = new Map<string, string>();
  #changed = new Set<TaskRow>();
  #gone = new Set<TaskRow>();

  readonly #onEvent: (event: ClusterEvent) => void;

  /** `onEvent` is told of each change after the first record. */
  constructor(onEvent: (event: ClusterEvent) => void = () => {}) {
    this.#onEvent = onEvent;
  }

  takeChanges(): Changes {
    const changes = { tasks: this.#changed, gone: this.#gone };
    this.#changed = new Set();
    this.#gone = new Set();
    this.hasChanged = false;
    return changes;
  }

  /** All tasks, those that have ended included. */
  *tasks(): Generator<TaskRow> {
    for (const { tasks } of this.frameworks.values()) {
      yield* tasks.values();
    }
  }

  /** Those of them that have ended. */
  endedTasks(): Iterable<TaskRow> {
    return this.#ended;
  }

  task(frameworkId: string, taskId: string): TaskRow | undefined {
    return this.frameworks.get(frameworkId)?.tasks.get(taskId);
  }

  /** One that is there, unreachable or gone. */
  agent(id: string): AgentRow | undefined {
    return this.agents.get(id) ?? this.away.lost.get(id);
  }

  use(agentId: string): AgentUse {
    return this.#uses.get(agentId) ?? new AgentUse();
  }

  /**
   * Takes a record of the stream. The first one is long: the generator yields where others may have
   * their turn.
   * @throws WireError where it is no event.
   */
  *take(bytes: Uint8Array): Generator<void> {
    const reader = new ProtobufReader(bytes);
    for (const field of messageFields(reader, bytes.length)) {
      if (field.number === SUBSCRIBED) {
        yield* this.#fill(reader, field.end, bytes);
      } else if (field.number === TASKS_TOLD) {
        yield* this.#fillTasks(reader, field.end, bytes);
        this.hasChanged = true;
      } else {
        this.#apply(reader, field, bytes);
        this.hasChanged = true;
      }
    }
  }

  #apply(reader: ProtobufReader, { number, end }: FieldExtent, bytes: Uint8Array): void {
    if (number === TASK_UPDATED) {
      this.#updateTask(reader, end, bytes);
      return;
    }
    if (number === FRAMEWORK_GONE) {
      this.#tellFramework(this.#complete(readShape(FRAMEWORK_REMOVED, reader, end)), 'gone');
      return;
    }
    if (number === AGENT_REMOVED) {
      this.#removeAgent(readShape(AGENT_REMOVED_SHAPE, reader, end));
      return;
    }
    if (number === AGENTS_REFUSED) {
      const { agents = [] } = readShape<MasterEvent_AgentsRefused>(
        AGENTS_REFUSED_SHAPE,
        reader,
        end,
      );
      this.away.setRefused(agents);
      return;
    }
    for (const inner of messagesOf(reader, end, 1)) {
      switch (number) {
        case TASK_ADDED: {
          const task = readTask(reader, inner, bytes, this.#shared);
          this.#setTask(task);
          this.#tellTask(task, 'added');
          break;
        }
        case AGENT_ADDED:
          this.#tellAgent(this.#setAgent(reader, inner, bytes), 'added');
          break;
        case AGENT_UPDATED:
          this.#tellAgent(this.#setAgent(reader, inner, bytes), 'changed');
          break;
        case FRAMEWORK_ADDED:
        case FRAMEWORK_UPDATED: {
          const row = this.#setFramework(readShape(FRAMEWORK, reader, inner), false);
          this.#tellFramework(row, number === FRAMEWORK_ADDED ? 'added' : 'changed');
          break;
        }
      }
    }
  }

  #removeAgent({ agent_id, lost_agent }: Seen<MasterEvent_AgentRemoved>): void {
    const id = agent_id?.value ?? '';
    const known = this.agents.get(id);
    this.agents.delete(id);
    if (lost_agent === undefined) {
      this.away.lost.delete(id);
    } else {
      this.away.add(lost_agent, known);
    }
    if (known !== undefined) {
      this.#tellAgent(known, 'gone');
    }
  }

  #tellTask({ id, name, frameworkId, state }: TaskRow, change: ClusterEvent['change']): void {
    this.#onEvent({ subject: 'task', change, id, name, frameworkId, state });
  }

  #tellAgent(
    { id, hostname }: Pick<AgentRow, 'id' | 'hostname'>,
    change: ClusterEvent['change'],
  ): void {
    const none = { frameworkId: '', state: undefined };
    this.#onEvent({ subject: 'agent', change, id, name: hostname || id, ...none });
  }

  #tellFramework({ id, name }: FrameworkRow, change: ClusterEvent['change']): void {
    const none = { frameworkId: '', state: undefined };
    this.#onEvent({ subject: 'framework', change, id, name: name || id, ...none });
  }

  /** Subscribed: a GetState (1), and the seconds between heartbeats (2). */
  *#fill(reader: ProtobufReader, end: number, bytes: Uint8Array): Generator<void> {
    while (reader.position < end) {
      const tag = reader.uint32();
      if (tag === 17) {
        this.heartbeatMs = reader.double() * 1000;
      } else if (tag === 10) {
        yield* this.#fillState(reader, reader.enter(end), bytes);
        reader.leave();
      } else {
        reader.skip(tag);
      }
    }
    this.isFilled = true;
  }

  /** TasksTold: tasks (1), and whether they are the last (2). */
  *#fillTasks(reader: ProtobufReader, end: number, bytes: Uint8Array): Generator<void> {
    let read = 0;
    while (reader.position < end) {
      const tag = reader.uint32();
      if (tag === 10) {
        const inner = reader.enter(end);
        this.#setToldTask(readTask(reader, inner, bytes, this.#shared));
        reader.leave();
        if (++read % SLICE === 0) {
          yield;
        }
      } else if (tag === 16) {
        this.isWhole = reader.bool() || this.isWhole;
      } else {
        reader.skip(tag);
      }
    }
  }

  /** GetState: frameworks (3) and agents (4). */
  *#fillState(reader: ProtobufReader, end: number, bytes: Uint8Array): Generator<void> {
    let read = 0;
    for (const part of messageFields(reader, end)) {
      for (const field of messageFields(reader, part.end)) {
        this.#fillOne(reader, part.number, field, bytes);
        if (++read % SLICE === 0) {
          yield;
        }
      }
    }
  }

  #fillOne(reader: ProtobufReader, part: number, field: FieldExtent, bytes: Uint8Array): void {
    const { number, end } = field;
    if (part === 3 && number <= 2) {
      this.#setFramework(readShape(FRAMEWORK, reader, end), number === 2);
    } else if (part === 4 && number === 1) {
      this.#setAgent(reader, end, bytes);
    } else if (part === 4 && number === 2) {
      const row = readRecoveredAgent({ bytes, start: reader.position, end });
      this.agents.set(row.id, row);
    } else if (part === 4 && number === LOST_AGENTS) {
      this.away.add(readShape(LOST_AGENT, reader, end), undefined);
    } else if (part === 4 && number === REFUSED_AGENTS) {
      this.away.addRefused(readShape(REFUSED_AGENT, reader, end));
    }
  }

  /** A text that all rows share, which would each have a copy of it else. */
  readonly #shared = (id: string): string => {
    const known = this.#ids.get(id);
    if (known === undefined) {
      this.#ids.set(id, id);
    }
    return known ?? id;
  };

  #frameworkOf(id: string): FrameworkRow {
    const known = this.frameworks.get(id);
    if (known !== undefined) {
      return known;
    }
    const row = new FrameworkRow();
    row.id = id;
    this.frameworks.set(id, row);
    return row;
  }

  #setFramework(
    framework: Seen<MasterResponse_GetFrameworks_Framework>,
    isGone: boolean,
  ): FrameworkRow {
    const row = this.#frameworkOf(framework.framework_info?.id?.value ?? '');
    fillFramework(row, framework);
    this.#setCompleted(row, isGone);
    return row;
  }

  #complete({ framework_info = {} }: Seen<MasterEvent_FrameworkRemoved>): FrameworkRow {
    const row = this.#frameworkOf(framework_info.id?.value ?? '');
    fillFrameworkInfo(row, framework_info);
    row.active = false;
    row.connected = false;
    this.#setCompleted(row, true);
    return row;
  }

  #setCompleted(row: FrameworkRow, isGone: boolean): void {
    row.isCompleted = isGone;
    this.#completed.delete(row);
    if (!isGone) {
      return;
    }
    this.#completed.add(row);
    const [oldest] = this.#completed;
    if (this.#completed.size > MAX_COMPLETED_FRAMEWORKS && oldest !== undefined) {
      this.#completed.delete(oldest);
      for (const task of oldest.tasks.values()) {
        this.#forget(task);
      }
      this.frameworks.delete(oldest.id);
    }
  }

  #setAgent(reader: ProtobufReader, end: number, bytes: Uint8Array): AgentRow {
    const row = readAgent({ bytes, start: reader.position, end });
    this.agents.set(row.id, row);
    this.away.lost.delete(row.id);
    return row;
  }

  #setTask(task: TaskRow): void {
    const { tasks } = this.#frameworkOf(task.frameworkId);
    const before = tasks.get(task.id);
    if (before !== undefined) {
      this.#forget(before);
    }
    tasks.set(task.id, task);
    this.#count(task, 1);
    this.#changed.add(task);
    this.#keepEnded(task);
  }

  /** One that was there before the stream. Its id may have become that of another meanwhile. */
  #setToldTask(task: TaskRow): void {
    const known = this.task(task.frameworkId, task.id);
    const isOlder =
      known !== undefined && (!isTerminal(known.state) || known.changedMs > task.changedMs);
    if (!isOlder) {
      this.#setTask(task);
    }
  }

  /** TaskUpdated: framework_id (1), status (2), state (3). */
  #updateTask(reader: ProtobufReader, end: number, bytes: Uint8Array): void {
    let [frameworkId, taskId] = ['', ''];
    let state: TaskState | undefined;
    let status: { readonly start: number; readonly end: number } | undefined;
    while (reader.position < end) {
      const tag = reader.uint32();
      if (tag === 24) {
        state = reader.int32() as TaskState;
      } else if (tag === 10 || tag === 18) {
        const inner = reader.enter(end);
        if (tag === 10) {
          frameworkId = readId(reader, inner);
        } else {
          status = { start: reader.position, end: inner };
          for (const id of messagesOf(reader, inner, 1)) {
            taskId = readId(reader, id);
          }
        }
        reader.position = inner;
        reader.leave();
      } else {
        reader.skip(tag);
      }
    }
    const task = this.task(frameworkId, taskId);
    if (task === undefined || status === undefined) {
      return;
    }
    this.#count(task, -1);
    task.state = state ?? task.state;
    reader.position = status.start;
    readStatus(reader, status.end, task);
    task.addStatus(bytes.slice(status.start, status.end));
    this.#count(task, 1);
    this.#changed.add(task);
    this.#tellTask(task, 'changed');
    this.#keepEnded(task);
  }

  #keepEnded(task: TaskRow): void {
    if (!isTerminal(task.state)) {
      return;
    }
    this.#ended.delete(task);
    this.#ended.add(task);
    const [oldest] = this.#ended;
    if (this.#ended.size > MAX_ENDED_TASKS && oldest !== undefined) {
      this.#forget(oldest);
    }
  }

  #forget(task: TaskRow): void {
    const { tasks } = this.#frameworkOf(task.frameworkId);
    if (tasks.get(task.id) === task) {
      tasks.delete(task.id);
    }
    this.#ended.delete(task);
    this.#count(task, -1);
    this.#changed.delete(task);
    this.#gone.add(task);
  }

  /** Adds a task to the sums that it belongs to, or takes it away. */
  #count(task: TaskRow, sign: 1 | -1): void {
    this.sums.add(task.state, task.amounts, sign);
    this.#frameworkOf(task.frameworkId).sums.add(task.state, task.amounts, sign);
    const use = this.#uses.get(task.agentId) ?? new AgentUse();
    use.sums.add(task.state, task.amounts, sign);
    if (sign === 1) {
      use.tasks.add(task);
      this.#uses.set(task.agentId, use);
    } else if (use.tasks.delete(task) && use.tasks.size === 0) {
      this.#uses.delete(task.agentId);
    }
  }
}
