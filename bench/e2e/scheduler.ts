// A scheduler that only produces load: until its tasks are launched it answers each offer with one
// ACCEPT. It acknowledges every update at once, on one pipelined connection beside its event
// stream.
import {
  type Offer,
  type SchedulerCall,
  SchedulerCall_Type,
  type SchedulerEvent,
  TaskState,
  type TaskStatus,
} from '../../src/model/generated/messages.ts';
import { readJson, writeJson } from '../../src/wire/json.ts';
import { decodeMessage, encodeMessage } from '../../src/wire/protobuf.ts';
import { RecordReader } from '../../src/wire/record-io.ts';
import { types } from '../../src/wire/types.ts';
import {
  acknowledging,
  declining,
  fitting,
  frameworkOf,
  launching,
  takeEvent,
} from './framework.ts';
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
  /** As many offers are kept, for tasks that `launch` is asked for; else they wait for nothing. */
  readonly keeps?: number;
  readonly onSubscribed: () => void;
  readonly onAccept: (taskIds: readonly string[]) => void;
  readonly onStatus: (taskId: string, state: TaskState) => void;
  readonly onFailure: (why: string) => void;
}

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
  readonly #mediaType: string;
  readonly #waiting: SchedulerCall[] = [];
  #stream: Pipe | undefined;
  #calls: Pipe | undefined;
  #streamId = '';
  #frameworkId = '';
  #unanswered = 0;
  #toLaunch: number;
  #launched = 0;
  readonly #kept: Offer[] = [];
  #suppressed = false;
  #closed = false;

  constructor(options: SchedulerOptions) {
    this.#options = options;
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
    const call: SchedulerCall = {
      type: SchedulerCall_Type.SUBSCRIBE,
      subscribe: { framework_info: frameworkOf(this.#options.index) },
    };
    this.#stream.push(this.#request(call));
  }

  /** A task on each of so many kept offers, or on as many as there are: how many. */
  launch(count: number): number {
    const offers = this.#kept.splice(0, count);
    for (const offer of offers) {
      const { index } = this.#options;
      this.#send(launching(offer, index, [`${index}-${this.#launched++}`]));
    }
    return offers.length;
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
    // Calls that cross a teardown are refused.
    if (status !== 202 && !this.#closed) {
      this.#options.onFailure(`a call was answered with ${status} ${body}`);
    }
    while (this.#waiting.length > 0 && this.#unanswered < this.#options.inflight) {
      this.#send(this.#waiting.shift() as SchedulerCall);
    }
  }

  #receive(event: SchedulerEvent): void {
    if (this.#closed) {
      return;
    }
    const { onSubscribed, onFailure } = this.#options;
    takeEvent(event, {
      onSubscribed: (id) => {
        this.#frameworkId = id;
        onSubscribed();
      },
      onOffers: (offers) => this.#offers(offers),
      onStatus: (status) => this.#update(status),
      onFailure,
    });
  }

  #offers(offers: readonly Offer[]): void {
    const { index, tasks, tasksPerOffer, keeps = 0 } = this.#options;
    for (const offer of offers) {
      if (this.#kept.length < keeps) {
        this.#kept.push(offer);
        continue;
      }
      const count = Math.min(tasksPerOffer, this.#toLaunch, fitting(offer));
      if (count === 0) {
        this.#paced(declining(offer, this.#toLaunch === 0 ? 3600 : 0));
        continue;
      }
      const ids = Array.from({ length: count }, () => `${index}-${tasks - this.#toLaunch--}`);
      this.#paced(launching(offer, index, ids));
    }
    if (this.#toLaunch === 0 && keeps === 0 && !this.#suppressed) {
      this.#suppressed = true;
      this.#paced({ type: SchedulerCall_Type.SUPPRESS });
    }
  }

  #update(status: TaskStatus): void {
    const acknowledgement = acknowledging(status);
    if (acknowledgement !== undefined) {
      this.#send(acknowledgement);
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
