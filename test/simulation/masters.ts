// The masters of a simulated cluster, as everything around them knows them: one with a disk
// (master-host.ts), or several that elect one of themselves (master-ensemble.ts).
import type { MasterCall } from '../../src/model/generated/messages.ts';
import type { Chance } from './chance.ts';
import type { DurableRecords } from './durable-records.ts';
import type { MasterLife } from './master-life.ts';
import type { Process } from './network.ts';

export interface Masters {
  /** The names of their machines. */
  readonly hosts: readonly string[];
  /** What the registry holds for sure. */
  readonly records: DurableRecords;
  /** The master that leads, or is about to. */
  readonly life: MasterLife | undefined;
  /** Starts what does not run. */
  start(): void;
  /** Kills one. */
  kill(): void;
  /** Another is to lead. */
  depose(): void;
  jumpClock(chance: Chance): void;
  /** Commits take up to this time, and fail with this probability. */
  setDisk(maxDelayMs: number, failures: number): void;
  /** The end of all faults. */
  settle(): void;
  /** What is wrong among them when everything is quiet; undefined where nothing is. */
  unsettled(): string | undefined;
  /** A process hears who leads, now and from then on. */
  detect(process: Process, onLeader: (pid: string | undefined) => void): void;
  /** A call of a scheduler has arrived at the master that listens in the process. */
  called(process: Process, call: Parameters<MasterLife['called']>[0]): void;
  /** A call of an operator, without a network between. */
  operate(call: MasterCall, answer: (status: number, text: string | undefined) => void): void;
}
