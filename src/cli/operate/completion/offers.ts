// Names of what a cluster has, for completion: asked for when the shell asks, with little patience.
import { MasterCall_Type } from '../../../model/generated/messages.ts';
import { Cluster, type ConnectionValues } from '../connection/cluster.ts';
import { readContexts } from '../connection/contexts.ts';
import { agentId, agentsOf, frameworkId, frameworksOf } from '../connection/things.ts';
import type { Completes } from '../verb.ts';
import type { Offer } from './wanted.ts';

/** What of a name is there already, and how many names are asked for. */
export interface Begun {
  readonly word: string;
  readonly limit: number;
}

/** `values`: how the master is reached; `begun`: what of the name is there. */
export async function namesOf(
  things: Completes,
  values: () => ConnectionValues,
  begun: Begun,
): Promise<readonly Offer[]> {
  switch (things) {
    case 'agent': {
      const agents = await agentsOf(await Cluster.of(values()), {
        ...begun,
        totals_only: true,
      });
      return named(agents.map((agent) => [agent.agent_info.hostname, agentId(agent)]));
    }
    case 'framework': {
      const frameworks = await frameworksOf(await Cluster.of(values()));
      const running = frameworks.filter((each) => each.unregistered_time === undefined);
      return named(running.map((each) => [each.framework_info.name, frameworkId(each)]));
    }
    case 'task': {
      const cluster = await Cluster.of(values());
      const { get_tasks } = await cluster.master({
        type: MasterCall_Type.GET_TASKS,
        get_tasks: begun,
      });
      return (get_tasks?.tasks ?? []).map(({ task_id, name }) => ({
        value: task_id.value,
        says: name,
      }));
    }
    case 'role': {
      const cluster = await Cluster.of(values());
      const { get_roles } = await cluster.master({ type: MasterCall_Type.GET_ROLES });
      return (get_roles?.roles ?? []).map(({ name, weight }) => ({
        value: name,
        says: weight === 1 ? '' : `weight ${weight}`,
      }));
    }
    case 'context':
      return [...readContexts(process.env).byName].map(([value, { master = '' }]) => ({
        value,
        says: master.replace(/\/\/[^/@]*@/, '//'),
      }));
    case 'shell':
      return ['bash', 'zsh', 'fish'].map((value) => ({ value, says: '' }));
    case 'command':
    case 'container':
    case 'file':
    case 'resource':
      return [];
    default:
      return things satisfies never;
  }
}

/** By name where that is one's alone, and by id. */
function named(pairs: readonly (readonly [name: string, id: string])[]): readonly Offer[] {
  const counts = new Map<string, number>();
  for (const [name] of pairs) {
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return pairs.flatMap(([name, id]) => [
    ...(name !== '' && counts.get(name) === 1 ? [{ value: name, says: id }] : []),
    { value: id, says: name },
  ]);
}
