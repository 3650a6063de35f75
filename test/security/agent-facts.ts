// What an agent knows that its senders have a say in, as text by what it is about.
import type { AgentState } from '../../src/agent/agent.ts';
import { shown } from './breach.ts';

/** The first word of a key is the kind, the others name what it is about. */
export function agentFacts(agent: AgentState): ReadonlyMap<string, string> {
  const facts = new Map<string, string>([
    ['agent', shown([agent.phase, agent.id, agent.master, agent.drain])],
    ['resources', shown(agent.checkpointedResources)],
  ]);
  for (const framework of agent.frameworks.values()) {
    facts.set(`framework ${framework.id}`, shown([framework.state, framework.info]));
    for (const executor of framework.executors.values()) {
      const { executorId, state, stream, containerId, queued, launched, terminated } = executor;
      const name = `${framework.id} ${executorId}`;
      facts.set(`executor ${name}`, shown([state, containerId]));
      facts.set(`stream ${name}`, shown(stream));
      const tasks = [...launched.values(), ...terminated.values()];
      facts.set(
        `tasks ${name}`,
        shown([[...queued.keys()], tasks.map((it) => [it.task_id, it.state])]),
      );
    }
  }
  return facts;
}
