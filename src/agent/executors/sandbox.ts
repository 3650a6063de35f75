// The paths of sandboxes: below the work directory, and those under which they can be browsed.

import { isPersistentVolume } from '../../model/resource-format.ts';
import { volumePlace } from '../../model/volume-path.ts';
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

/** Where the persistent volumes are that a run has, by their names in its sandbox. */
export function volumeDirectories(agent: AgentState, run: Executor): ReadonlyMap<string, string> {
  const directories = new Map<string, string>();
  if (run.state === 'terminated') {
    return directories;
  }
  const holders = [run.info, ...run.queued.values(), ...run.launched.values()];
  const resources = holders.flatMap((holder) => holder.resources ?? []);
  for (const resource of resources.filter(isPersistentVolume)) {
    const name = resource.disk?.volume?.container_path ?? '';
    const path = volumePlace(resource)?.path;
    if (name !== '' && path !== undefined) {
      directories.set(name, path.startsWith('/') ? path : `${agent.options.workDir}/${path}`);
    }
  }
  return directories;
}
