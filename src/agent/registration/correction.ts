// A task may end here by an acknowledgement that was on its way since before the agent registered.
// An earlier master sent it, or one that has given this agent up since: the master that leads now
// was told of the task at the registration, and never hears of its end. So the agent registers once
// more, and tells what it has. Apache Mesos's agents leave such a task with the master until they
// register again for another reason.
import { clearTimer, setTimer } from '../outbox.ts';
import type { AgentState } from '../state.ts';

/**
 * Many such answers come together; and many agents get them, from a master that was started again.
 */
const MAX_DELAY_MS = 10_000;

/** Plans a re-registration. One that is under way may have been written before, and is repeated. */
export function correctSoon(agent: AgentState): void {
  if (agent.phase !== 'running') {
    agent.hasNews = true;
  } else if (!agent.isCorrecting) {
    agent.isCorrecting = true;
    setTimer(agent, 'correction', Math.floor(agent.random.next() * MAX_DELAY_MS));
  }
}

/** The agent registers again anyway, or ends. */
export function endCorrection(agent: AgentState): void {
  if (agent.isCorrecting) {
    agent.isCorrecting = false;
    clearTimer(agent, 'correction');
  }
}
