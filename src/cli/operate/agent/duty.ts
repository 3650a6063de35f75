// `mesoscale agent deactivate` and `reactivate`.
import { MasterCall_Type } from '../../../model/generated/messages.ts';
import { Cluster } from '../connection/cluster.ts';
import { agentId, agentNamed, agentsOf } from '../connection/things.ts';
import { perform } from '../deeds.ts';
import type { Asked } from '../verb.ts';
import type { AGENT_DUTY_FLAGS } from './flags.ts';

type Question = Asked<typeof AGENT_DUTY_FLAGS>;

export async function deactivate(asked: Question): Promise<void> {
  const { cluster, agent_id, who } = await meant(asked);
  await perform(
    cluster,
    {
      calls: [{ type: MasterCall_Type.DEACTIVATE_AGENT, deactivate_agent: { agent_id } }],
      done: `${who} is offered to nobody from now on`,
    },
    asked.values,
  );
}

export async function reactivate(asked: Question): Promise<void> {
  const { cluster, agent_id, who } = await meant(asked);
  await perform(
    cluster,
    {
      calls: [{ type: MasterCall_Type.REACTIVATE_AGENT, reactivate_agent: { agent_id } }],
      done: `${who} is offered again`,
    },
    asked.values,
  );
}

async function meant({ words, values }: Question) {
  const cluster = await Cluster.of(values);
  const agent = agentNamed(await agentsOf(cluster), words[0] ?? '');
  const agent_id = { value: agentId(agent) };
  return { cluster, agent_id, who: `agent ${agent_id.value} (${agent.agent_info.hostname})` };
}
