// The pause after an election: a new leader with quotas offers nothing until most of its agents
// have reregistered, for it would give away resources that guarantees need. The pause ends when
// enough agents are back, or after a timeout.

const DEFAULT_RECOVERY_FACTOR = 0.8;
const DEFAULT_RECOVERY_TIMEOUT_MS = 600_000;

export interface PauseSnapshot {
  readonly paused: boolean;
  readonly pauseEnd: number;
  readonly expectedAgents: number;
}

export class ElectionPause {
  #paused = false;
  #endMs = 0;
  #expectedAgents = 0;

  get isOn(): boolean {
    return this.#paused;
  }

  /** Begins the pause if any agents are expected; true if it has begun. */
  begin(
    nowMs: number,
    agents: number,
    options: {
      readonly agentRecoveryFactor?: number | undefined;
      readonly recoveryTimeoutMs?: number | undefined;
    },
  ): boolean {
    const factor = options.agentRecoveryFactor ?? DEFAULT_RECOVERY_FACTOR;
    this.#expectedAgents = Math.trunc(agents * factor);
    if (this.#expectedAgents === 0) {
      return false;
    }
    this.#paused = true;
    this.#endMs = nowMs + (options.recoveryTimeoutMs ?? DEFAULT_RECOVERY_TIMEOUT_MS);
    return true;
  }

  timeIs(nowMs: number): void {
    if (nowMs >= this.#endMs) {
      this.#paused = false;
    }
  }

  agentsAre(count: number): void {
    if (count >= this.#expectedAgents) {
      this.#paused = false;
    }
  }

  save(): PauseSnapshot {
    return {
      paused: this.#paused,
      pauseEnd: this.#endMs,
      expectedAgents: this.#expectedAgents,
    };
  }

  restore({ paused, pauseEnd, expectedAgents }: PauseSnapshot): void {
    this.#paused = paused;
    this.#endMs = pauseEnd;
    this.#expectedAgents = expectedAgents;
  }
}
