// Where the sandboxes are, below the work directory, and under which paths they can be browsed.
import type { Executor } from './executor.ts';
import type { AgentState } from './state.ts';

type Run = Pick<Executor, 'frameworkId' | 'executorId' | 'containerId'>;

const executorPath = (agent: AgentState, run: Run) =>
  `slaves/${agent.id ?? ''}/frameworks/${run.frameworkId}/executors/${run.executorId}`;

/** Relative to the work directory. */
export const sandboxPath = (agent: AgentState, run: Run) =>
  `${executorPath(agent, run)}/runs/${run.containerId}`;

export const sandboxDirectory = (agent: AgentState, run: Run) =>
  `${agent.options.workDir}/${sandboxPath(agent, run)}`;

/** Every path under which the sandbox of a run may be asked for; `latest` ones only for the newest. */
export function sandboxAliases(agent: AgentState, run: Run, isLatest: boolean): string[] {
  const short = `/frameworks/${run.frameworkId}/executors/${run.executorId}/runs`;
  const aliases = [sandboxDirectory(agent, run), `${short}/${run.containerId}`];
  return isLatest
    ? [
        ...aliases,
        `${agent.options.workDir}/${executorPath(agent, run)}/runs/latest`,
        `${short}/latest`,
      ]
    : aliases;
}
