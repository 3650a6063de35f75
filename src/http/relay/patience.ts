// How long a relay waits for either side.

export interface Patience {
  /** Until an agent is reached, and begins its answer to a read. */
  readonly answerMs: number;
  /** While neither side says anything; streams have heartbeats. */
  readonly silenceMs: number;
  /** Between two signs of life of a terminal, to the browser and to the agent. */
  readonly heartbeatMs: number;
}

export const PATIENCE: Patience = {
  answerMs: 30_000,
  silenceMs: 10 * 60_000,
  heartbeatMs: 30_000,
};
