// The paths of sandboxes: below the work directory, and those under which they can be browsed.

import type { AgentState } from '../state.ts';
import type { Executor } from './executor.ts';

type Run = Pick<Executor, 'frameworkId' | 'executorId' | 'containerId'>;

const executorPath = (agent: AgentState, run: Run) =>
  `slaves/${agent.id ?? ''}/frameworks/${run.frameworkId}/executors/${run.executorId}`;

/** The path of a run's sandbox, relative to the work directory. */
export const sandboxPath = (agent: AgentState, run: Run) =>
  `${executorPath(agent, run)}/runs/${run.containerId}`;

export const sandboxDirectory = (agent: AgentState, run: Run) =>
  `${agent.options.workDir}/${sandboxPath(agent, run)}`;

/**
 * Every path under which the sandbox of a run may be asked for; a later run takes over `latest`.
 */
export function sandboxAliases(agent: AgentState, run: Run): string[] {
  const full = `${agent.options.workDir}/${executorPath(agent, run)}/runs`;
  const short = `/frameworks/${run.frameworkId}/executors/${run.executorId}/runs`;
  return [full, short].flatMap((runs) => [`${runs}/${run.containerId}`, `${runs}/latest`]);
}
