// The registry in one SQLite file, the embedded default. Changes that are asked for while others are
// being written share the next transaction, so that ten thousand agents can register in a few
// commits; every `store` is answered after the commit that holds it.
import { statSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { agentId } from '../model/ids.ts';
import type { RegistryChange, RegistrySnapshot } from '../model/registry.ts';
import type { MessageType } from '../wire/message-type.ts';
import { decodeMessage, encodeMessage } from '../wire/protobuf.ts';
import { types } from '../wire/types.ts';
import { type Registry, RegistryError } from './registry.ts';
import { idOf, isIdle } from './registry-content.ts';
import type { Answer, ListName, Request, RowChange, Rows, SinceRow } from './sqlite-protocol.ts';

/** In source the writer is TypeScript, in a published package it is compiled. */
const WRITER = new URL(
  import.meta.url.endsWith('.ts') ? './sqlite-writer.ts' : './sqlite-writer.js',
  import.meta.url,
);

interface Pending {
  readonly changes: readonly RowChange[];
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

interface Expected {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

export class SqliteRegistry implements Registry {
  readonly #file: string;
  readonly #worker: Worker;
  /** The writer answers in order, so each answer belongs to the oldest of these. */
  readonly #expected: Expected[] = [];
  #waiting: Pending[] = [];
  #writing = false;
  #failure: RegistryError | undefined;

  private constructor(file: string) {
    this.#file = file;
    this.#worker = new Worker(WRITER, { workerData: { file } });
    this.#worker.on('message', (answer: Answer) => this.#answered(answer));
    this.#worker.on('error', (error) => this.#ended(error as Error));
    this.#worker.on('exit', () => this.#ended(new Error('its writer has ended')));
  }

  /** Opens the file, or makes it. Rejects with RegistryError: damaged, too new, in use, unreadable. */
  static async open(file: string): Promise<SqliteRegistry> {
    const registry = new SqliteRegistry(file);
    await registry.#expect();
    return registry;
  }

  async read(): Promise<RegistrySnapshot> {
    const answer = await this.#ask({ type: 'read' });
    return answer.type === 'rows' ? decode(answer.rows) : unexpected(answer);
  }

  store(changes: readonly RegistryChange[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ changes: changes.flatMap(encode), resolve, reject });
      if (!this.#writing) {
        this.#writing = true;
        // What else is asked for in this turn joins the transaction.
        queueMicrotask(() => this.#writeWaiting());
      }
    });
  }

  sizeBytes(): number {
    return [this.#file, `${this.#file}-wal`].reduce(
      (sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0),
      0,
    );
  }

  async close(): Promise<void> {
    if (this.#failure === undefined) {
      await this.#ask({ type: 'close' });
    }
  }

  async #writeWaiting(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      try {
        await this.#ask({ type: 'write', changes: group.flatMap(({ changes }) => changes) });
        group.forEach(({ resolve }) => {
          resolve();
        });
      } catch (error) {
        group.forEach(({ reject }) => {
          reject(error as Error);
        });
      }
    }
    this.#writing = false;
  }

  #ask(request: Request): Promise<Answer> {
    if (this.#failure !== undefined) {
      return Promise.reject(this.#failure);
    }
    this.#worker.postMessage(request);
    return this.#expect();
  }

  #expect(): Promise<Answer> {
    return new Promise((resolve, reject) => this.#expected.push({ resolve, reject }));
  }

  #answered(answer: Answer): void {
    const expected = this.#expected.shift();
    if (answer.type === 'failed') {
      expected?.reject(new RegistryError(answer.message));
    } else {
      expected?.resolve(answer);
    }
  }

  #ended(cause: Error): void {
    this.#failure ??= new RegistryError(`The registry has ended: ${cause.message}`, { cause });
    for (const { reject } of this.#expected.splice(0)) {
      reject(this.#failure);
    }
  }
}

function encode(change: RegistryChange): RowChange[] {
  switch (change.type) {
    case 'electMaster':
      return [list('master', types.MasterInfo, [change.master])];
    case 'admitAgent':
    case 'updateAgent':
    case 'markReachable': {
      const bytes = encodeMessage(types.AgentInfo, change.agent);
      return [{ op: 'putAgent', id: idOf(change.agent), bytes }];
    }
    case 'removeAgent':
      return [{ op: 'deleteAgent', id: change.id }];
    case 'markUnreachable':
      return [{ op: 'putUnreachable', id: change.id, sinceNs: change.sinceNs }];
    case 'markGone':
      return [{ op: 'putGone', id: change.id, sinceNs: change.sinceNs }];
    case 'forget':
      return change.ids.map((id) => ({ op: 'forget', id }));
    case 'setWeights':
      return [list('weights', types.WeightInfo, change.weights)];
    case 'setQuotas':
      return [list('quotas', types.QuotaConfig, change.quotas)];
    case 'setMaintenance':
      return [
        list('schedules', types.Schedule, change.schedules),
        list('machines', types.MachineInfo, change.machines),
      ];
    case 'setDuty': {
      const { id, drain, deactivated } = change;
      if (isIdle(change)) {
        return [{ op: 'deleteDuty', id }];
      }
      const bytes = drain === undefined ? null : encodeMessage(types.DrainInfo, drain);
      return [{ op: 'putDuty', id, drain: bytes, deactivated }];
    }
    case 'setMinimumCapabilities': {
      const messages = change.names.map((name) => new TextEncoder().encode(name));
      return [{ op: 'putList', name: 'minimum_capabilities', messages }];
    }
    default:
      return change satisfies never;
  }
}

function list<T>(name: ListName, type: MessageType<T>, messages: readonly T[]): RowChange {
  return { op: 'putList', name, messages: messages.map((message) => encodeMessage(type, message)) };
}

function decode({ agents, unreachable, gone, duties, lists }: Rows): RegistrySnapshot {
  const since = ({ id, sinceNs }: SinceRow) => ({ id: agentId(id), sinceNs });
  const messages = <T>(type: MessageType<T>, list: readonly Uint8Array[] | undefined) =>
    list?.map((bytes) => decodeMessage(type, bytes));
  return {
    agents: agents.map((bytes) => decodeMessage(types.AgentInfo, bytes)),
    unreachable: unreachable.map(since),
    gone: gone.map(since),
    weights: messages(types.WeightInfo, lists.weights),
    quotas: messages(types.QuotaConfig, lists.quotas),
    schedules: messages(types.Schedule, lists.schedules),
    machines: messages(types.MachineInfo, lists.machines),
    minimumCapabilities: lists.minimum_capabilities?.map((name) => new TextDecoder().decode(name)),
    duties: duties.map(({ id, drain, deactivated }) => ({
      id: agentId(id),
      drain: drain === null ? undefined : decodeMessage(types.DrainInfo, drain),
      deactivated,
    })),
  };
}

function unexpected(answer: Answer): never {
  throw new Error(`The registry's writer answered ${answer.type} out of turn`);
}
