// A framework's line to the master: it subscribes, notices when nobody answers or the stream ends,
// and tries again. What was on offer over one connection is void on the next.
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
import type { SchedulerConnection } from './master-host.ts';
import type { Channel, Process } from './network.ts';
import type { Simulation } from './simulation.ts';

/** Whose line it is. */
export interface Caller {
  readonly name: string;
  readonly id: () => string | undefined;
  readonly isOver: () => boolean;
  readonly info: () => FrameworkInfo;
  /** A connection has ended, or another begins. */
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

/** So long after the last event a scheduler believes its connection dead. */
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

  /** The master has answered the subscription with a stream. */
  get isOpen(): boolean {
    return this.#connection?.stream !== undefined;
  }

  isCurrent(connection: Connection): boolean {
    return this.#connection === connection;
  }

  /** Subscribes after a while, and again until somebody answers. */
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

  /** The connection is no good any more. */
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

  /** Hangs up, and comes back after a while. */
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

  /** The subscription has gone through. */
  subscribed(): void {
    this.#backoffMs = 500;
  }

  /** Gives a connection up on which nothing has come for long; true if it did. */
  hangUpIfSilent(): boolean {
    const connection = this.#connection;
    const { nowMs } = this.#simulation.agenda;
    if (connection?.stream === undefined || nowMs - connection.lastEventMs <= SILENT_MS) {
      return false;
    }
    this.#lost(connection, 'it hears no heartbeats');
    return true;
  }

  /** Gives the connection up. */
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
