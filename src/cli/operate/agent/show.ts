// `mesoscale agent show`.
import { formatAttributes } from '../../../model/attribute-text.ts';
import {
  type MasterResponse_GetAgents_Agent as Agent,
  MasterCall_Type,
} from '../../../model/generated/messages.ts';
import { formatResources } from '../../../model/resource-text.ts';
import { jsonValue } from '../../../wire/json.ts';
import { types } from '../../../wire/types.ts';
import { Cluster } from '../connection/cluster.ts';
import { agentId, agentNamed, agentsOf } from '../connection/things.ts';
import { factsText } from '../output/facts-text.ts';
import { presentOne } from '../output/present.ts';
import type { Asked } from '../verb.ts';
import type { AGENT_SHOW_FLAGS } from './flags.ts';
import { stateOf } from './list.ts';

export async function showAgent({ words, values }: Asked<typeof AGENT_SHOW_FLAGS>): Promise<void> {
  const cluster = await Cluster.of(values);
  await presentOne(values, async () => {
    const agent = agentNamed(await agentsOf(cluster), words[0] ?? '');
    const { get_tasks } = await cluster.master({ type: MasterCall_Type.GET_TASKS });
    const tasks = (get_tasks?.tasks ?? []).filter(
      ({ agent_id }) => agent_id.value === agentId(agent),
    );
    return {
      name: agentId(agent),
      json: jsonValue(types.MasterResponse_GetAgents_Agent, agent),
      text: (screen) =>
        factsText(
          factsOf(agent),
          [
            {
              heading: 'Tasks',
              table: {
                columns: [{ title: 'ID' }, { title: 'NAME' }],
                rows: tasks.map(({ task_id, name }) => [task_id.value, name]),
                hasTitles: true,
              },
            },
          ],
          screen,
        ),
    };
  });
}

const factsOf = (agent: Agent) =>
  [
    ['ID', agentId(agent)],
    ['Host', agent.agent_info.hostname],
    ['State', stateOf(agent)],
    ['Version', agent.version],
    ['Attributes', formatAttributes(agent.agent_info.attributes ?? [])],
    ['Resources', formatResources(agent.total_resources ?? [])],
    ['Allocated', formatResources(agent.allocated_resources ?? [])],
    ['Offered', formatResources(agent.offered_resources ?? [])],
  ] as const;
