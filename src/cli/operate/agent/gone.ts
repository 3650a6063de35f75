// `mesoscale agent gone`.
import { MasterCall_Type } from '../../../model/generated/messages.ts';
import { counted } from '../../counted.ts';
import { Cluster } from '../connection/cluster.ts';
import { agentId, agentNamed, agentsOf } from '../connection/things.ts';
import { perform } from '../deeds.ts';
import type { Asked } from '../verb.ts';
import type { AGENT_GONE_FLAGS } from './flags.ts';

export async function markGone({ words, values }: Asked<typeof AGENT_GONE_FLAGS>): Promise<void> {
  const [text = ''] = words;
  const cluster = await Cluster.of(values);
  const agent = agentNamed(await agentsOf(cluster), text);
  const agent_id = { value: agentId(agent) };
  const { get_tasks } = await cluster.master({ type: MasterCall_Type.GET_TASKS });
  const ends = (get_tasks?.tasks ?? []).filter((task) => task.agent_id.value === agent_id.value);
  const who = `agent ${agent_id.value} (${agent.agent_info.hostname})`;
  await perform(
    cluster,
    {
      consequence: `Marks ${who} gone for good: ${counted(ends.length, 'task')} on it end for their frameworks, and it is never admitted again.`,
      calls: [{ type: MasterCall_Type.MARK_AGENT_GONE, mark_agent_gone: { agent_id } }],
      done: `${who} is gone`,
    },
    values,
  );
}
