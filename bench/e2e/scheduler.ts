// A scheduler that only produces load: until its tasks are launched it answers each offer with one
// ACCEPT. It acknowledges every update at once, on one pipelined connection beside its event
// stream.
import {
  FrameworkInfo_Capability_Type,
  type Offer,
  Offer_Operation_Type,
  type SchedulerCall,
  SchedulerCall_Type,
  type SchedulerEvent,
  SchedulerEvent_Type,
  type TaskInfo,
  TaskState,
} from '../../src/model/generated/messages.ts';
import { readJson, writeJson } from '../../src/wire/json.ts';
import { decodeMessage, encodeMessage } from '../../src/wire/protobuf.ts';
import { RecordReader } from '../../src/wire/record-io.ts';
import { types } from '../../src/wire/types.ts';
import { scalar } from './fleet.ts';
import { AnswerReader, ChunkReader, Pipe } from './socket.ts';
import type { Pems } from './tls.ts';

export interface SchedulerOptions {
  readonly master: { readonly host: string; readonly port: number };
  /** Without, nothing is encrypted. */
  readonly pems?: Pems | undefined;
  readonly index: number;
  readonly tasks: number;
  readonly tasksPerOffer: number;
  /** How many calls other than acknowledgements may wait for a response; 0 means no bound. */
  readonly inflight: number;
  readonly codec: 'json' | 'protobuf';
  readonly onSubscribed: () => void;
  readonly onAccept: (taskIds: readonly string[]) => void;
  readonly onStatus: (taskId: string, state: TaskState) => void;
  readonly onFailure: (why: string) => void;
}

export const TASK_CPUS = 0.1;
export const TASK_MEM_MB = 32;

const TERMINAL_BUT_FINISHED: readonly TaskState[] = [
  TaskState.TASK_FAILED,
  TaskState.TASK_KILLED,
  TaskState.TASK_ERROR,
  TaskState.TASK_LOST,
  TaskState.TASK_DROPPED,
  TaskState.TASK_GONE,
];

export class LoadScheduler {
  readonly #options: SchedulerOptions;
  readonly #role: string;
  readonly #mediaType: string;
  readonly #waiting: SchedulerCall[] = [];
  #stream: Pipe | undefined;
  #calls: Pipe | undefined;
  #streamId = '';
  #frameworkId = '';
  #unanswered = 0;
  #toLaunch: number;
  #suppressed = false;
  #closed = false;

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#role = `bench-${options.index}`;
    this.#mediaType = options.codec === 'json' ? 'application/json' : 'application/x-protobuf';
    this.#toLaunch = options.tasks;
  }

  subscribe(): void {
    const { pems } = this.#options;
    const { host, port } = this.#options.master;
    const down = () => {
      if (!this.#closed) {
        this.#options.onFailure('a connection to the master broke');
      }
    };
    const records = new RecordReader();
    const chunks = new ChunkReader(
      (status, head) => {
        if (status !== 200) {
          this.#options.onFailure(`SUBSCRIBE was answered with ${status}`);
        }
        this.#streamId = /\r\nmesos-stream-id: *([^\r\n]+)/i.exec(head)?.[1] ?? '';
      },
      (bytes) => {
        for (const record of records.push(bytes)) {
          this.#receive(this.#decode(record));
        }
      },
    );
    this.#stream = new Pipe({
      host,
      port,
      pems,
      onData: (data) => chunks.push(data),
      onDown: down,
    });
    const answers = new AnswerReader((status, body) => this.#answered(status, body));
    this.#calls = new Pipe({
      host,
      port,
      pems,
      onData: (data) => answers.push(data),
      onDown: down,
    });
    const capabilities = [
      FrameworkInfo_Capability_Type.MULTI_ROLE,
      FrameworkInfo_Capability_Type.RESERVATION_REFINEMENT,
      FrameworkInfo_Capability_Type.PARTITION_AWARE,
    ].map((type) => ({ type }));
    const call: SchedulerCall = {
      type: SchedulerCall_Type.SUBSCRIBE,
      subscribe: {
        framework_info: {
          user: 'root',
          name: `bench-${this.#options.index}`,
          roles: [this.#role],
          failover_timeout: 3600,
          checkpoint: true,
          capabilities,
        },
      },
    };
    this.#stream.push(this.#request(call));
  }

  teardown(): void {
    if (this.#frameworkId !== '') {
      this.#closed = true;
      this.#send({ type: SchedulerCall_Type.TEARDOWN });
    }
  }

  close(): void {
    this.#closed = true;
    this.#stream?.close();
    this.#calls?.close();
  }

  #answered(status: number, body: string): void {
    this.#unanswered--;
    if (status !== 202) {
      this.#options.onFailure(`a call was answered with ${status} ${body}`);
    }
    while (this.#waiting.length > 0 && this.#unanswered < this.#options.inflight) {
      this.#send(this.#waiting.shift() as SchedulerCall);
    }
  }

  #receive(event: SchedulerEvent): void {
    switch (event.type) {
      case SchedulerEvent_Type.SUBSCRIBED:
        this.#frameworkId = event.subscribed?.framework_id.value ?? '';
        this.#options.onSubscribed();
        return;
      case SchedulerEvent_Type.OFFERS:
        this.#offers(event);
        return;
      case SchedulerEvent_Type.UPDATE:
        this.#update(event);
        return;
      case SchedulerEvent_Type.ERROR:
        this.#options.onFailure(event.error?.message ?? 'ERROR event');
        return;
      default:
        return;
    }
  }

  #offers(event: SchedulerEvent): void {
    for (const offer of event.offers?.offers ?? []) {
      const count = Math.min(this.#options.tasksPerOffer, this.#toLaunch, fitting(offer));
      if (count === 0) {
        this.#paced({
          type: SchedulerCall_Type.DECLINE,
          decline: {
            offer_ids: [offer.id],
            filters: { refuse_seconds: this.#toLaunch === 0 ? 3600 : 0 },
          },
        });
        continue;
      }
      const tasks: TaskInfo[] = [];
      for (let i = 0; i < count; i++) {
        const id = `${this.#options.index}-${this.#options.tasks - this.#toLaunch}`;
        this.#toLaunch--;
        tasks.push({
          name: id,
          task_id: { value: id },
          agent_id: offer.agent_id,
          resources: [
            { ...scalar('cpus', TASK_CPUS), allocation_info: { role: this.#role } },
            { ...scalar('mem', TASK_MEM_MB), allocation_info: { role: this.#role } },
          ],
          command: { value: 'true' },
        });
      }
      this.#paced({
        type: SchedulerCall_Type.ACCEPT,
        accept: {
          offer_ids: [offer.id],
          operations: [{ type: Offer_Operation_Type.LAUNCH, launch: { task_infos: tasks } }],
          filters: { refuse_seconds: 0 },
        },
      });
    }
    if (this.#toLaunch === 0 && !this.#suppressed) {
      this.#suppressed = true;
      this.#paced({ type: SchedulerCall_Type.SUPPRESS });
    }
  }

  #update(event: SchedulerEvent): void {
    const status = event.update?.status;
    if (status === undefined) {
      return;
    }
    if (status.uuid !== undefined && status.agent_id !== undefined) {
      this.#send({
        type: SchedulerCall_Type.ACKNOWLEDGE,
        acknowledge: { agent_id: status.agent_id, task_id: status.task_id, uuid: status.uuid },
      });
    }
    if (TERMINAL_BUT_FINISHED.includes(status.state)) {
      this.#options.onFailure(
        `task ${status.task_id.value} ended in state ${status.state}: ${status.message ?? ''}`,
      );
    }
    this.#options.onStatus(status.task_id.value, status.state);
  }

  #paced(call: SchedulerCall): void {
    if (this.#options.inflight > 0 && this.#unanswered >= this.#options.inflight) {
      this.#waiting.push(call);
      return;
    }
    this.#send(call);
  }

  #send(call: SchedulerCall): void {
    if (call.type === SchedulerCall_Type.ACCEPT) {
      // The latency counts from here, where the ACCEPT leaves.
      const tasks = call.accept?.operations?.[0]?.launch?.task_infos ?? [];
      this.#options.onAccept(tasks.map((task) => task.task_id.value));
    }
    this.#unanswered++;
    this.#calls?.push(this.#request({ framework_id: { value: this.#frameworkId }, ...call }));
  }

  #request(call: SchedulerCall): Uint8Array {
    const { host, port } = this.#options.master;
    const body =
      this.#options.codec === 'json'
        ? Buffer.from(writeJson(types.SchedulerCall, call))
        : encodeMessage(types.SchedulerCall, call);
    const stream = this.#streamId === '' ? '' : `Mesos-Stream-Id: ${this.#streamId}\r\n`;
    const head =
      `POST /api/v1/scheduler HTTP/1.1\r\nHost: ${host}:${port}\r\nContent-Type: ${this.#mediaType}\r\n` +
      `Accept: ${this.#mediaType}\r\n${stream}Content-Length: ${body.length}\r\n\r\n`;
    return Buffer.concat([Buffer.from(head, 'latin1'), body]);
  }

  #decode(record: Uint8Array): SchedulerEvent {
    return this.#options.codec === 'json'
      ? readJson(types.SchedulerEvent, Buffer.from(record).toString('utf8'))
      : decodeMessage(types.SchedulerEvent, record);
  }
}

/** How many tasks fit in an offer. */
export function fitting(offer: Offer): number {
  const amount = (name: string) =>
    (offer.resources ?? [])
      .filter((resource) => resource.name === name)
      .reduce((sum, resource) => sum + (resource.scalar?.value ?? 0), 0);
  // Amounts are thousandths, so that three tasks fit in 0.3 cpus.
  return Math.floor(
    Math.min(
      Math.round(amount('cpus') * 1000) / (TASK_CPUS * 1000),
      Math.round(amount('mem') * 1000) / (TASK_MEM_MB * 1000),
    ),
  );
}
