// Corrections of the master by another registration. A task may end on the agent by an
// acknowledgement that was on its way before the agent registered: from an earlier master, or from
// this one before it gave the agent up. The master was told of the task at the registration, and
// never learns of its end. So the agent registers once more, without the task. Agents of Apache
// Mesos leave such a task with the master until they register again for another reason.
import { clearTimer, setTimer } from '../outbox.ts';
import type { AgentState } from '../state.ts';

/**
 * The longest delay of a correction. Many such acknowledgements come together, and after a restart
 * of the master to many agents.
 */
const MAX_DELAY_MS = 10_000;

/**
 * Plans a re-registration. One that is on its way may have been written before the task ended, and
 * is repeated.
 */
export function correctSoon(agent: AgentState): void {
  if (agent.phase !== 'running') {
    agent.hasNews = true;
  } else if (!agent.isCorrecting) {
    agent.isCorrecting = true;
    setTimer(agent, 'correction', Math.floor(agent.random.next() * MAX_DELAY_MS));
  }
}

/** Drops the planned re-registration: the agent registers again anyway, or ends. */
export function endCorrection(agent: AgentState): void {
  if (agent.isCorrecting) {
    agent.isCorrecting = false;
    clearTimer(agent, 'correction');
  }
}
