// The pause after an election: a new leader that has quotas to keep offers nothing until most of
// its agents are back, for it would give away what guarantees need. It ends with enough agents, or
// when it has taken too long.

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

  /** Begins when any agents are expected back; true if it does. */
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
