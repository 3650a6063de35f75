// What ended here by an answer that may have been on its way since before the registration. It came from
// an earlier run of the master, or from one that has since given this agent up: the master of today was told of
// the task when the agent came back, and has heard nothing of its end. So it is told once more what is
// here. Apache Mesos's agents leave such a task in the master's books until they register again.
import { clearTimer, setTimer } from '../outbox.ts';
import type { AgentState } from '../state.ts';

/** Many such answers come together; and many agents get them, from a master that was started again. */
const maxDelayMs = 10_000;

/** Plans a re-registration. One that is under way may have been written before, and is repeated. */
export function correctSoon(agent: AgentState): void {
  if (agent.phase !== 'running') {
    agent.hasNews = true;
  } else if (!agent.isCorrecting) {
    agent.isCorrecting = true;
    setTimer(agent, 'correction', Math.floor(agent.random.next() * maxDelayMs));
  }
}

/** The agent registers again anyway, or ends. */
export function endCorrection(agent: AgentState): void {
  if (agent.isCorrecting) {
    agent.isCorrecting = false;
    clearTimer(agent, 'correction');
  }
}
