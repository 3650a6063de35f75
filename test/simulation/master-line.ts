// A framework's connection to the master: it subscribes, notices when no answer comes or the stream
// ends, and tries again. Offers of one connection are void on the next.
import {
  type FrameworkInfo,
  type SchedulerCall,
  SchedulerCall_Type,
  type SchedulerEvent,
  SchedulerEvent_Type,
} from '../../src/model/generated/messages.ts';
import type { StreamId } from '../../src/model/ids.ts';
import { decodeMessage, encodeMessage } from '../../src/wire/protobuf.ts';
import { types } from '../../src/wire/types.ts';
import type { Planned } from './agenda.ts';
import type { SchedulerConnection } from './master-life.ts';
import type { Channel, Process } from './network.ts';
import type { Simulation } from './simulation.ts';

/** The framework of the connection. */
export interface Caller {
  readonly name: string;
  readonly id: () => string | undefined;
  readonly isOver: () => boolean;
  readonly info: () => FrameworkInfo;
  /** Called when a connection has ended, or another begins. */
  readonly onCut: () => void;
  readonly onEvent: (connection: Connection, event: SchedulerEvent) => void;
}

export interface Connection {
  readonly process: Process;
  readonly calls: Channel;
  readonly answers: Channel;
  readonly scheduler: SchedulerConnection;
  stream: StreamId | undefined;
  closeStream: (() => void) | undefined;
  lastEventMs: number;
}

/** A scheduler takes its connection for dead this long after the last event. */
const SILENT_MS = 75_000;

export class MasterLine {
  readonly #simulation: Simulation;
  readonly #caller: Caller;
  #connection: Connection | undefined;
  #retry: Planned | undefined;
  #backoffMs = 500;

  constructor(simulation: Simulation, caller: Caller) {
    this.#simulation = simulation;
    this.#caller = caller;
  }

  /** Whether the master has answered the subscription with a stream. */
  get isOpen(): boolean {
    return this.#connection?.stream !== undefined;
  }

  isCurrent(connection: Connection): boolean {
    return this.#connection === connection;
  }

  /** Subscribes after a while, and again until a master answers. */
  connect(): void {
    const { network, agenda, master } = this.#simulation;
    this.#simulation.agenda.cancel(this.#retry);
    this.#retry = undefined;
    if (this.#caller.isOver()) {
      return;
    }
    this.#retry = agenda.after(
      this.#simulation.chance.int(this.#backoffMs / 2, this.#backoffMs),
      () => {
        const { life } = master;
        this.#backoffMs = Math.min(this.#backoffMs * 2, 10_000);
        if (life === undefined || network.isCut(this.#caller.name, life.process.host)) {
          this.connect();
          return;
        }
        this.#subscribe(life.process);
      },
    );
  }

  #subscribe(to: Process): void {
    const { network, agenda } = this.#simulation;
    const process: Process = { host: this.#caller.name, alive: true };
    const lost = () => this.#lost(connection, 'its connection broke');
    const connection: Connection = {
      process,
      calls: network.channel({ from: process, to, onSenderLost: lost }),
      answers: network.channel({ from: to, to: process, onReceiverLost: lost }),
      scheduler: {
        process,
        onAnswer: (status, text) => this.#answered(connection, status, text),
        onStream: (stream, close) => {
          connection.stream = stream;
          connection.closeStream = close;
        },
        onEvent: (bytes) => this.#received(connection, decodeMessage(types.SchedulerEvent, bytes)),
        onStreamEnd: () => this.#lost(connection, 'its stream ended'),
      },
      stream: undefined,
      closeStream: undefined,
      lastEventMs: agenda.nowMs,
    };
    this.#connection = connection;
    this.#caller.onCut();
    const id = this.#caller.id();
    this.send({
      ...(id === undefined ? {} : { framework_id: { value: id } }),
      type: SchedulerCall_Type.SUBSCRIBE,
      subscribe: { framework_info: this.#caller.info() },
    });
    agenda.after(20_000, () => {
      if (this.#connection === connection && connection.stream === undefined) {
        this.#lost(connection, 'nobody answers');
      }
    });
  }

  /** The connection cannot be used any more. */
  #lost(connection: Connection, why: string): void {
    if (connection.process.alive) {
      connection.process.alive = false;
      connection.closeStream?.();
      this.#simulation.network.ended(connection.process, { inOrder: true });
    }
    if (this.#connection === connection) {
      this.#note(() => `has lost its master: ${why}`);
      this.#connection = undefined;
      this.#caller.onCut();
      this.connect();
    }
  }

  /** Disconnects, and comes back after a while. */
  disconnect(awayMs: number): void {
    const connection = this.#connection;
    if (connection !== undefined) {
      this.#lost(connection, 'it hangs up');
      this.#simulation.agenda.cancel(this.#retry);
      this.#retry = this.#simulation.agenda.after(awayMs, () => this.connect());
    }
  }

  /** A second instance takes over while the first is still connected. */
  failOver(): void {
    const { life } = this.#simulation.master;
    const before = this.#connection;
    if (before === undefined || life === undefined || this.#caller.id() === undefined) {
      return;
    }
    this.#note(() => 'fails over');
    this.#simulation.agenda.cancel(this.#retry);
    this.#retry = undefined;
    this.#subscribe(life.process);
  }

  /** The subscription was successful. */
  subscribed(): void {
    this.#backoffMs = 500;
  }

  /** Gives up a connection that has been silent for long; true if it did. */
  hangUpIfSilent(): boolean {
    const connection = this.#connection;
    const { nowMs } = this.#simulation.agenda;
    if (connection?.stream === undefined || nowMs - connection.lastEventMs <= SILENT_MS) {
      return false;
    }
    this.#lost(connection, 'it hears no heartbeats');
    return true;
  }

  /** Gives up the connection. */
  hangUp(why: string): void {
    if (this.#connection !== undefined) {
      this.#lost(this.#connection, why);
    }
  }

  #answered(connection: Connection, status: number, text: string | undefined): void {
    if (status >= 400 && this.#connection === connection) {
      this.#note(() => `is answered ${status} ${text ?? ''}`);
      if (!this.#caller.isOver()) {
        this.#lost(connection, 'its call was refused');
      }
    }
  }

  send(call: SchedulerCall): void {
    const connection = this.#connection;
    const { master } = this.#simulation;
    if (connection === undefined) {
      return;
    }
    const named: SchedulerCall =
      call.type === SchedulerCall_Type.SUBSCRIBE
        ? call
        : { ...call, framework_id: { value: this.#caller.id() ?? '' } };
    const bytes = encodeMessage(types.SchedulerCall, named);
    const { stream, scheduler, answers } = connection;
    const to = connection.calls.ends.to;
    connection.calls.send(() =>
      master.called(to, {
        connection: scheduler,
        answers,
        stream,
        bytes: bytes.slice(),
      }),
    );
  }

  #received(connection: Connection, event: SchedulerEvent): void {
    if (this.#connection !== connection) {
      if (event.type === SchedulerEvent_Type.ERROR) {
        this.#lost(connection, 'another instance has taken over');
      }
      return;
    }
    connection.lastEventMs = this.#simulation.agenda.nowMs;
    this.#caller.onEvent(connection, event);
  }

  #note(text: () => string): void {
    this.#simulation.note(this.#caller.name, text);
  }
}
