// Converts the agent's checkpoint changes to rows and back, and groups transactions into commits.
//
// While the thread waits for the disk, later transactions gather here and share its next commit, so
// that many at once cost one wait, and one alone waits for no other. If the disk is full, the
// transaction and all later ones wait and are retried: the agent announces none of them before they
// are stored, and works on meanwhile.
import { Worker } from 'node:worker_threads';
import type {
  AgentCheckpoint,
  BuiltinExecutor,
  CheckpointChange,
  CheckpointedExecutor,
  CheckpointedFramework,
  CheckpointedTask,
} from '../agent/checkpoint.ts';
import { type Log, Stall } from '../filesystem/stall.ts';
import { moduleOf } from '../filesystem/thread-module.ts';
import { errorText } from '../model/error-text.ts';
import type { Operation, TaskInfo } from '../model/generated/messages.ts';
import { type ContainerId, containerId } from '../model/ids.ts';
import type { VolumePlace } from '../model/volume-path.ts';
import type { MessageType } from '../wire/message-type.ts';
import { decodeMessage, encodeMessage } from '../wire/protobuf.ts';
import { withoutSecrets } from '../wire/secrets.ts';
import { types } from '../wire/types.ts';
import {
  CheckpointError,
  type CheckpointRows,
  type DatabaseOptions,
  type Row,
  type Write,
} from './database.ts';
import type {
  CheckpointContent,
  CheckpointFailure,
  CheckpointPlace,
  CheckpointRequest,
} from './thread.ts';

/** What the rows do not say: whether the run's process is alive, and how it ended. */
export type RunState = Pick<
  CheckpointedExecutor,
  'alive' | 'processId' | 'containerStatus' | 'waitStatus'
>;

interface Waiting {
  readonly writes: readonly Write[];
  readonly done: (error: Error | undefined) => void;
}

export class CheckpointStore {
  readonly #worker: Worker;
  #waiting: Waiting[] = [];
  /**
   * True during a commit and its callbacks: transactions that a callback stores wait for the next
   * commit.
   */
  #committing = false;
  #answer: ((value: unknown) => void) | undefined;
  #broken: Error | undefined;
  readonly #stall: Stall;
  readonly #onStall: () => void;

  private constructor(place: CheckpointPlace, log: Log | undefined, onStall: () => void) {
    this.#stall = new Stall(log);
    this.#onStall = onStall;
    this.#worker = new Worker(thread, { workerData: place });
    this.#worker.on('message', (value) => this.#answer?.(value));
    this.#worker.on('error', (error) => {
      this.#broken = asCheckpointError(error);
      this.#answer?.(this.#broken);
    });
  }

  /** Throws CheckpointError: see CheckpointDatabase. */
  static async open(
    path: string,
    options: DatabaseOptions & {
      readonly log?: Log;
      /** Called each time that a write has failed and will be retried. */
      readonly onStall?: () => void;
    } = {},
  ): Promise<{ readonly store: CheckpointStore } & CheckpointContent> {
    const { log, onStall = () => undefined, ...place } = options;
    const store = new CheckpointStore({ path, ...place }, log, onStall);
    const content = await store.#ask({ type: 'read' });
    if (content instanceof Error) {
      throw content;
    }
    const found = content as CheckpointContent;
    store.#divideOperations(found.rows);
    return { store, ...found };
  }

  /** Converts the row of earlier versions that held all operations to one row for each. */
  #divideOperations(rows: CheckpointRows): void {
    const row = rows.values.find(({ name }) => name === 'operations');
    if (row?.bytes instanceof Uint8Array) {
      const writes = unpacked(types.Operation, row.bytes).map(operationWrite);
      this.#enqueue({ writes: [...writes, write('unset', 'operations')], done: () => undefined });
    }
  }

  /**
   * Stores the machine's boot id, so that the next start can tell whether the machine was rebooted.
   */
  storeBoot(bootId: string): void {
    const writes = [write('set', 'boot', new TextEncoder().encode(bootId))];
    this.#enqueue({ writes, done: () => undefined });
  }

  /** The destroyed volume is out of its place, or on record as one that no new one may replace. */
  forgetDestroyed(place: VolumePlace): void {
    this.#enqueue({ writes: [write('unset', destroyedName(place))], done: () => undefined });
  }

  /**
   * Calls `done` when the changes are durable, or cannot be stored. Calls of `done` come in the
   * order of the calls of `store`.
   */
  store(changes: readonly CheckpointChange[], done: (error: Error | undefined) => void): void {
    this.#enqueue({ writes: changes.flatMap(writesOf), done });
  }

  #enqueue(waiting: Waiting): void {
    this.#waiting.push(waiting);
    if (!this.#committing) {
      void this.#commitAll();
    }
  }

  /** Writes the waiting transactions, if that is possible now. */
  async close(): Promise<void> {
    this.#stall.close();
    while (this.#committing) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.store([], () => resolve());
      await promise;
    }
    const exited = Promise.withResolvers<void>();
    this.#worker.once('exit', () => exited.resolve());
    this.#post({ type: 'close' });
    await exited.promise;
  }

  async #commitAll(): Promise<void> {
    this.#committing = true;
    while (this.#waiting.length > 0) {
      const taken = this.#waiting;
      this.#waiting = [];
      const error = await this.#commit(taken.flatMap((waiting) => waiting.writes));
      if (error?.isPassing === true && !this.#stall.isClosed) {
        this.#waiting = [...taken, ...this.#waiting];
        this.#onStall();
        await this.#stall.pause(
          `${error.failure}. It is tried again every second; what must not be lost waits for it: ` +
            'launches of tasks, and their news for the master',
        );
        continue;
      }
      if (error === undefined) {
        this.#stall.end("The agent's checkpoint can be written again");
      }
      for (const { done } of taken) {
        done(error && new CheckpointError(error.failure));
      }
    }
    this.#committing = false;
  }

  async #commit(writes: readonly Write[]): Promise<CheckpointFailure | undefined> {
    if (writes.length === 0) {
      return undefined;
    }
    const answer = await this.#ask({ type: 'write', writes });
    return answer instanceof Error
      ? { failure: answer.message, isPassing: false }
      : (answer as CheckpointFailure | undefined);
  }

  async #ask(request: CheckpointRequest): Promise<unknown> {
    if (this.#broken !== undefined) {
      return this.#broken;
    }
    const { promise, resolve } = Promise.withResolvers<unknown>();
    this.#answer = resolve;
    this.#post(request);
    const value = await promise;
    this.#answer = undefined;
    return value;
  }

  #post(request: CheckpointRequest): void {
    this.#worker.postMessage(request);
  }
}

function asCheckpointError(error: unknown): CheckpointError {
  const message = errorText(error);
  return new CheckpointError(message, { cause: error });
}

const thread = moduleOf(new URL('./thread', import.meta.url));

const write = (statement: Write['statement'], ...values: Write['values']): Write => ({
  statement,
  values,
});

const NOTHING = new Uint8Array();

const DESTROYED = 'destroyed/';
const destroyedName = ({ kind, path }: VolumePlace) => `${DESTROYED}${kind} ${path}`;

/** The volumes that an earlier agent had to delete, and that may still be in their places. */
export const destroyedIn = (rows: CheckpointRows): VolumePlace[] =>
  rows.values
    .map((row) => text(row, 'name'))
    .filter((name) => name.startsWith(DESTROYED))
    .map((name) => name.slice(DESTROYED.length))
    .map((place) => ({
      kind: place.startsWith('mount ') ? 'mount' : 'folder',
      path: place.slice(place.indexOf(' ') + 1),
    }));

const OPERATION = 'operation/';
const operationName = (uuid: Uint8Array) => `${OPERATION}${Buffer.from(uuid).toString('hex')}`;
const operationWrite = (operation: Operation) =>
  write('set', operationName(operation.uuid.value), encodeMessage(types.Operation, operation));

/**
 * A task that is being launched. Its container has its secrets by then, and no later agent launches
 * it again; those of its checks are needed longer.
 */
const launchedTask = ({ command, container, ...task }: TaskInfo): TaskInfo => ({
  ...task,
  ...(command && { command: withoutSecrets(types.CommandInfo, command) }),
  ...(container && { container: withoutSecrets(types.ContainerInfo, container) }),
});

/** What a built-in executor runs is its task's; other executors are compared with later ones. */
const launchedExecutor = ({ info, builtin }: Extract<CheckpointChange, { type: 'executor' }>) =>
  builtin === 'command' ? withoutSecrets(types.ExecutorInfo, info) : info;

function writesOf(change: CheckpointChange): Write[] {
  switch (change.type) {
    case 'agent':
      return [
        write('set', 'agent', encodeMessage(types.AgentInfo, change.agent)),
        write('unset', 'forgetting'),
      ];
    case 'forgetAgent':
      // Resources reserved on the machine stay, as in Mesos; everything under the agent's id is
      // deleted.
      return [
        ...['agent', 'operations', 'drain', 'drainStart'].map((name) => write('unset', name)),
        write('set', 'forgetting', NOTHING),
        write('forgetOperations'),
        write('forgetUpdates'),
        write('forgetTasks'),
        write('forgetExecutors'),
        write('forgetFrameworks'),
      ];
    case 'resources':
      return [
        write('set', 'resources', packed(types.Resource, change.resources)),
        ...(change.destroyed ?? []).map((place) => write('set', destroyedName(place), NOTHING)),
      ];
    case 'operation':
      return [operationWrite(change.operation)];
    case 'operationCompleted':
      return [write('unset', operationName(change.uuid))];
    case 'drain':
      return change.drain === undefined
        ? [write('unset', 'drain'), write('unset', 'drainStart')]
        : [
            write('set', 'drain', encodeMessage(types.DrainConfig, change.drain.config)),
            write('set', 'drainStart', new TextEncoder().encode(String(change.drain.startedMs))),
          ];
    case 'framework': {
      const bytes = encodeMessage(types.FrameworkInfo, change.framework);
      return [write('framework', change.framework.id?.value ?? '', bytes)];
    }
    case 'executor': {
      const bytes = encodeMessage(types.ExecutorInfo, launchedExecutor(change));
      return [
        write('executor', change.containerId, change.frameworkId, change.builtin ?? null, bytes),
      ];
    }
    case 'task': {
      const bytes = encodeMessage(types.TaskInfo, launchedTask(change.info));
      return [write('task', change.containerId, change.info.task_id.value, bytes)];
    }
    case 'update': {
      const { status, uuid = null } = change.update;
      const bytes = encodeMessage(types.StatusUpdate, change.update);
      return [write('update', change.containerId, status.task_id.value, uuid, bytes)];
    }
    case 'acknowledgement':
      return acknowledgement(change);
    case 'updateDropped':
      return [write('removeUpdate', change.containerId, change.taskId, change.uuid)];
    case 'taskCompleted':
      return [
        write('removeUpdates', change.containerId, change.taskId),
        write('removeTask', change.containerId, change.taskId),
      ];
    case 'executorCompleted':
      return [
        write('removeRunsUpdates', change.containerId),
        write('removeTasks', change.containerId),
        write('removeExecutor', change.containerId),
      ];
    case 'frameworkCompleted':
      return [
        write('removeFrameworksUpdates', change.frameworkId),
        write('removeFrameworksTasks', change.frameworkId),
        write('removeExecutors', change.frameworkId),
        write('removeFramework', change.frameworkId),
      ];
  }
}

type Acknowledgement = Extract<CheckpointChange, { type: 'acknowledgement' }>;

function acknowledgement({ containerId, taskId, uuid, slim }: Acknowledgement): Write[] {
  const change =
    slim === undefined
      ? []
      : [write('slim', containerId, taskId, uuid, encodeMessage(types.StatusUpdate, slim))];
  return [...change, write('acknowledge', containerId, taskId, uuid)];
}

/** The id of the boot in which the agent last ran. */
export function bootOf(rows: CheckpointRows): string | undefined {
  const row = rows.values.find(({ name }) => name === 'boot');
  return row && new TextDecoder().decode(bytes(row, 'bytes'));
}

/** Whether the agent was being forgotten: containers that ran under its id may still be running. */
export const isForgetting = (rows: CheckpointRows) =>
  rows.values.some(({ name }) => name === 'forgetting');

/** Rows that must exist, since others refer to them, and do not. */
export function gapsIn(rows: CheckpointRows): string[] {
  const frameworks = new Set(rows.frameworks.map(({ id }) => id));
  const gaps = rows.executors
    .filter(({ framework }) => !frameworks.has(framework ?? null))
    .map(
      ({ container, framework }) =>
        `container ${container} is of framework ${framework}, which is missing`,
    );
  return rows.frameworks.length > 0 && !rows.values.some(({ name }) => name === 'agent')
    ? [...gaps, 'the agent is missing that has run its frameworks']
    : gaps;
}

/**
 * The checkpoint that the rows describe; rejects with CheckpointError where a row is not valid.
 * There may be thousands of executors: `inTurn` reads each when there is time for it.
 */
export async function checkpointOf(
  rows: CheckpointRows,
  stateOf: (container: ContainerId, builtin: BuiltinExecutor | undefined) => RunState,
  inTurn: <T>(read: () => T) => Promise<T>,
): Promise<Omit<AgentCheckpoint, 'rebooted'>> {
  try {
    const single = new Map(rows.values.map((row) => [text(row, 'name'), bytes(row, 'bytes')]));
    const agent = single.get('agent');
    const drain = single.get('drain');
    const runs = Map.groupBy(rows.executors, (row) => text(row, 'framework'));
    const tasks = Map.groupBy(rows.tasks, (row) => text(row, 'container'));
    const updates = Map.groupBy(rows.updates, (row) => updatesKey(row, 'task'));
    const frameworks: CheckpointedFramework[] = [];
    for (const row of rows.frameworks) {
      const executors: CheckpointedExecutor[] = [];
      for (const run of runs.get(text(row, 'id')) ?? []) {
        executors.push(await inTurn(() => executorOf(run, stateOf, tasks, updates)));
      }
      frameworks.push({ info: decodeMessage(types.FrameworkInfo, bytes(row, 'info')), executors });
    }
    return {
      agent: agent && decodeMessage(types.AgentInfo, agent),
      resources: unpacked(types.Resource, single.get('resources')),
      operations: [
        ...unpacked(types.Operation, single.get('operations')),
        ...[...single]
          .filter(([name]) => name.startsWith(OPERATION))
          .map(([, blob]) => decodeMessage(types.Operation, blob)),
      ],
      drain: drain && {
        config: decodeMessage(types.DrainConfig, drain),
        startedMs: Number(new TextDecoder().decode(single.get('drainStart'))),
      },
      frameworks,
    };
  } catch (error) {
    throw new CheckpointError(
      `The agent's checkpoint holds a record that cannot be read: ${String(error)}`,
      { cause: error },
    );
  }
}

function executorOf(
  row: Row,
  stateOf: (container: ContainerId, builtin: BuiltinExecutor | undefined) => RunState,
  tasks: ReadonlyMap<string, readonly Row[]>,
  updates: ReadonlyMap<string, readonly Row[]>,
): CheckpointedExecutor {
  const container = containerId(text(row, 'container'));
  const builtin = builtinOf(row.builtin);
  return {
    info: decodeMessage(types.ExecutorInfo, bytes(row, 'info')),
    builtin,
    containerId: container,
    ...stateOf(container, builtin),
    tasks: (tasks.get(container) ?? []).map((task): CheckpointedTask => {
      const own = updates.get(updatesKey(task, 'id')) ?? [];
      return {
        info: decodeMessage(types.TaskInfo, bytes(task, 'info')),
        updates: own.map((update) => decodeMessage(types.StatusUpdate, bytes(update, 'bytes'))),
        acknowledged: own
          .filter((update) => update.acknowledged === 1)
          .map((update) => bytes(update, 'uuid')),
      };
    }),
  };
}

const updatesKey = (row: Row, task: string) => `${text(row, 'container')} ${text(row, task)}`;

function builtinOf(value: unknown): BuiltinExecutor | undefined {
  if (value === null || value === 'command' || value === 'default') {
    return value ?? undefined;
  }
  throw new Error(`unknown built-in executor '${String(value)}'`);
}

function text(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== 'string') {
    throw new Error(`${column} is not a text`);
  }
  return value;
}

function bytes(row: Row, column: string): Uint8Array {
  const value = row[column];
  if (!(value instanceof Uint8Array)) {
    throw new Error(`${column} is not a blob`);
  }
  return value;
}

/** Several messages as one value, each preceded by its length. */
function packed<T>(type: MessageType<T>, messages: readonly T[]): Uint8Array {
  const encoded = messages.map((message) => encodeMessage(type, message));
  const blob = new Uint8Array(encoded.reduce((total, { length }) => total + 4 + length, 0));
  const view = new DataView(blob.buffer);
  let at = 0;
  for (const message of encoded) {
    view.setUint32(at, message.length);
    blob.set(message, at + 4);
    at += 4 + message.length;
  }
  return blob;
}

function unpacked<T>(type: MessageType<T>, blob: Uint8Array | undefined): T[] {
  const messages: T[] = [];
  if (blob === undefined) {
    return messages;
  }
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
  for (let at = 0; at < blob.length; ) {
    const size = view.getUint32(at);
    messages.push(decodeMessage(type, blob.subarray(at + 4, at + 4 + size)));
    at += 4 + size;
  }
  return messages;
}
