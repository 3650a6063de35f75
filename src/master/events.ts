// Everything that can happen to a master. Time comes with each event.
import type { InsightAnswer } from '../core/interface.ts';
import type { MessageToMaster } from '../model/agent-messages.ts';
import type { MasterCall, SchedulerCall } from '../model/generated/messages.ts';
import type { RequestId, StreamId } from '../model/ids.ts';
import type { LeadingMaster } from '../model/leading-master.ts';
import type { At, StreamClosed, TimerFired } from '../model/process-effects.ts';
import type { RegistrySnapshot } from '../model/registry.ts';
import type { Principal } from '../security/principal.ts';
import type { MasterTimer } from './timers.ts';

/** This master leads, and no other does. */
export interface Elected extends At {
  readonly type: 'elected';
}

/**
 * Another master leads, or none does. A master that has been elected takes no notice: that it leads
 * no more comes as `leadershipLost`.
 */
export interface LeaderChanged extends At {
  readonly type: 'leaderChanged';
  readonly leader: LeadingMaster | undefined;
}

/** This master leads no more, or cannot be sure of it: it must not go on. */
export interface LeadershipLost extends At {
  readonly type: 'leadershipLost';
  readonly reason: string;
}

/** The answer to `readRegistry`; from here on the master answers. */
export interface Recovered extends At {
  readonly type: 'recovered';
  readonly registry: RegistrySnapshot;
}

/** SUBSCRIBE of the scheduler API: the answer is a stream. `stream` is its Mesos-Stream-Id. */
export interface SchedulerSubscribe extends At {
  readonly type: 'schedulerSubscribe';
  readonly request: RequestId;
  /** The IP address that it comes from. */
  readonly origin?: string | undefined;
  readonly stream: StreamId;
  readonly principal?: Principal | undefined;
  readonly call: SchedulerCall;
}

/** Any other call of the scheduler API. */
export interface SchedulerCalled extends At {
  readonly type: 'schedulerCall';
  readonly request: RequestId;
  /** The IP address that it comes from. */
  readonly origin?: string | undefined;
  /** The Mesos-Stream-Id header, if there was one. */
  readonly stream?: StreamId | undefined;
  readonly principal?: Principal | undefined;
  readonly call: SchedulerCall;
}

/** A call of the operator API that changes something (reads are views, not events). */
export interface OperatorCalled extends At {
  readonly type: 'operatorCall';
  readonly request: RequestId;
  /** The IP address that it comes from. */
  readonly origin?: string | undefined;
  readonly principal?: Principal | undefined;
  readonly call: MasterCall;
}

/** Who has made a call that is computed has disconnected, and has no answer yet. */
export interface AskerGone extends At {
  readonly type: 'askerGone';
  readonly request: RequestId;
}

/** A message of an agent; `from` is its pid (`slave(1)@10.0.0.1:5051`). */
export interface AgentMessage extends At {
  readonly type: 'agentMessage';
  readonly from: string;
  /** The id of the process that it was sent to; absent: the master itself. */
  readonly to?: string | undefined;
  readonly message: MessageToMaster;
  /** Digits that nobody can foresee, for a challenge; comes with AuthenticationStartMessage. */
  readonly nonce?: string | undefined;
}

/** The connection that a `link` effect asked for cannot be opened or has broken. */
export interface LinkLost extends At {
  readonly type: 'linkLost';
  /** `ip:port` */
  readonly address: string;
}

/** The answer to a `store` effect. After a failure the master must not go on, unless refused. */
export interface Stored extends At {
  readonly type: 'stored';
  readonly transaction: number;
  readonly error?: string | undefined;
  /** The changes are too large together with what is stored: the registry is as it was. */
  readonly isRefused?: boolean;
}

/**
 * The registry has been removed or replaced: nothing can be stored, and the master must not go on.
 */
export interface RegistryLost extends At {
  readonly type: 'registryLost';
  readonly error: string;
}

/** The whitelist file says anew which host names are offered; null: all. */
export interface WhitelistRead extends At {
  readonly type: 'whitelist';
  readonly hostnames: readonly string[] | null;
}

export type InsightOutcome =
  | { readonly answer: InsightAnswer }
  | { readonly failure: { readonly status: 400 | 500 | 503; readonly text: string } };

/** The answer to a `compute` effect. */
export interface Computed extends At {
  readonly type: 'computed';
  readonly computation: number;
  readonly outcome: InsightOutcome;
}

export type MasterEvent =
  | Recovered
  | SchedulerSubscribe
  | SchedulerCalled
  | StreamClosed
  | OperatorCalled
  | AskerGone
  | AgentMessage
  | LinkLost
  | TimerFired<MasterTimer>
  | Stored
  | RegistryLost
  | Elected
  | LeaderChanged
  | LeadershipLost
  | WhitelistRead
  | Computed;
