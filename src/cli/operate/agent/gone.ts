// `mesoscale agent gone`.
import {
  type MasterResponse_GetAgents_Agent as Agent,
  MasterCall_Type,
} from '../../../model/generated/messages.ts';
import { counted } from '../../counted.ts';
import { Cluster } from '../connection/cluster.ts';
import { agentId, agentNamed, allAgentsOf } from '../connection/things.ts';
import { performEach } from '../deeds.ts';
import { tasksText } from '../ending-tasks.ts';
import type { Asked } from '../verb.ts';
import { agentName } from './chosen-agents.ts';
import type { AGENT_GONE_FLAGS } from './flags.ts';

/** Of an agent that is unreachable, masters of Apache Mesos list nothing: its whole id will do. */
const WHOLE_ID = /^\S+-S\d+$/;

export async function markGone({ words, values }: Asked<typeof AGENT_GONE_FLAGS>): Promise<void> {
  const cluster = await Cluster.of(values);
  const all = (await allAgentsOf(cluster)).filter(
    ({ missing }) => missing === undefined || missing.state === 'unreachable',
  );
  const meant = new Map(words.map((word) => idAndName(all, word)));
  const ends = await tasksText(cluster, ({ agent_id }) => meant.has(agent_id.value));
  const [only = ''] = meant.values();
  const who = meant.size === 1 ? only : counted(meant.size, 'agent');
  const never = meant.size === 1 ? 'it is never' : 'they are never';
  await performEach(
    cluster,
    {
      consequence: `Marks ${who} gone for good: ${ends.text} ${ends.count === 1 ? 'ends' : 'end'} for their frameworks, and ${never} admitted again.`,
      steps: [...meant].map(([id, name]) => ({
        subject: name,
        call: {
          type: MasterCall_Type.MARK_AGENT_GONE,
          mark_agent_gone: { agent_id: { value: id } },
        },
        done: `${name} is gone`,
      })),
    },
    values,
  );
}

function idAndName(all: readonly Agent[], word: string): readonly [string, string] {
  const isKnown = all.some((agent) => agentId(agent) === word);
  if (!isKnown && WHOLE_ID.test(word)) {
    return [word, `agent ${word} (not registered now)`];
  }
  const agent = agentNamed(all, word);
  return [agentId(agent), agentName(agent)];
}
