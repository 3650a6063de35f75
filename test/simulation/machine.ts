// A machine that an agent runs on: its containers, whose processes live on while the agent is dead.
// A supervisor holds a command until it is released; without an agent, a held one ends.

import type { RememberedKill } from '../../src/executor/remembered-kill.ts';
import type { ContainerId } from '../../src/model/ids.ts';
import type { Agenda, Planned } from './agenda.ts';

/** What a command would do if it ran. */
export interface CommandPlan {
  readonly runsMs: number;
  /** The raw status of wait(2). */
  readonly waitStatus: number;
  /** How long it goes on after SIGTERM; undefined: it ignores SIGTERM. */
  readonly terminatesMs: number | undefined;
}

const SIGTERM = 15;
const SIGKILL = 9;

export class Supervisor {
  readonly containerId: ContainerId;
  readonly #agenda: Agenda;
  /** Undefined: it ends by itself. */
  readonly #plan: CommandPlan | undefined;
  isReleased = false;
  startedMs = 0;
  /** Whether it disappeared with its machine. */
  isVanished = false;
  /** Set when the process has ended. */
  waitStatus: number | undefined;
  /** A kill in progress, as the command executor has stored it. */
  kill: RememberedKill | undefined;
  /** Called when the process is killed from outside. */
  onVanish: (() => void) | undefined;
  /** The agent that watches it. */
  onEnd: ((waitStatus: number) => void) | undefined;
  readonly #report: (waitStatus: number) => void;
  #end: Planned | undefined;

  constructor(
    agenda: Agenda,
    containerId: ContainerId,
    plan: CommandPlan | undefined,
    report: (waitStatus: number) => void,
  ) {
    this.#agenda = agenda;
    this.#report = report;
    this.containerId = containerId;
    this.#plan = plan;
    this.startedMs = agenda.nowMs;
  }

  get isRunning(): boolean {
    return this.isReleased && this.waitStatus === undefined && !this.isVanished;
  }

  release(): void {
    if (!this.isReleased && this.waitStatus === undefined) {
      this.isReleased = true;
      this.startedMs = this.#agenda.nowMs;
      if (this.#plan !== undefined) {
        this.#endAfter(this.#plan.runsMs, this.#plan.waitStatus);
      }
    }
  }

  terminate(): void {
    if (this.isRunning && this.#plan?.terminatesMs !== undefined) {
      const endsMs = this.#agenda.nowMs + this.#plan.terminatesMs;
      if (this.#end === undefined || this.#end.atMs > endsMs) {
        this.#endAfter(this.#plan.terminatesMs, SIGTERM);
      }
    }
  }

  destroy(): void {
    if (this.waitStatus === undefined && !this.isVanished) {
      this.onVanish?.();
      this.#endAfter(2, SIGKILL);
    }
  }

  /** The process ends by itself. */
  exit(waitStatus: number): void {
    if (this.isRunning) {
      this.#endAfter(0, waitStatus);
    }
  }

  /** The machine has crashed. */
  vanish(): void {
    this.#agenda.cancel(this.#end);
    this.onVanish?.();
    this.isVanished = this.waitStatus === undefined;
    this.onEnd = undefined;
  }

  #endAfter(delayMs: number, waitStatus: number): void {
    this.#agenda.cancel(this.#end);
    this.#end = this.#agenda.after(delayMs, () => {
      this.waitStatus = waitStatus;
      this.#report(waitStatus);
      this.onEnd?.(waitStatus);
    });
  }
}
