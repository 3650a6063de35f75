// `mesoscale agent deactivate`, `reactivate` and `undrain`.
import {
  type MasterResponse_GetAgents_Agent as Agent,
  MasterCall_Type,
} from '../../../model/generated/messages.ts';
import { Cluster } from '../connection/cluster.ts';
import { agentId } from '../connection/things.ts';
import { performEach, type Step } from '../deeds.ts';
import { CommandError, EXIT } from '../outcome.ts';
import type { Asked } from '../verb.ts';
import { agentName, chosenAgents, withoutDrained } from './chosen-agents.ts';
import type { AGENT_DUTY_FLAGS, AGENT_UNDRAIN_FLAGS } from './flags.ts';
import { stateOf } from './list.ts';

/** Of one nothing is asked: it is put back as easily. */
export async function deactivate({ words, values }: Asked<typeof AGENT_DUTY_FLAGS>): Promise<void> {
  const cluster = await Cluster.of(values);
  const chosen = await chosenAgents(cluster, words, values);
  const { agents, who } = withoutDrained(chosen);
  if (agents.length === 0) {
    return;
  }
  const steps = agents.map((agent) => ({
    subject: agentName(agent),
    call: {
      type: MasterCall_Type.DEACTIVATE_AGENT,
      deactivate_agent: { agent_id: { value: agentId(agent) } },
    },
    done: `${agentName(agent)} is offered to nobody from now on`,
  }));
  const asks = { ...values, yes: values.yes || agents.length === 1 };
  const consequence = `Deactivates ${who}: offered to nobody until reactivated; what runs goes on.`;
  await performEach(cluster, { consequence, steps }, asks);
}

type Back = Asked<typeof AGENT_UNDRAIN_FLAGS>;

export async function reactivate({ words, values }: Back): Promise<void> {
  const cluster = await Cluster.of(values);
  const { agents } = await chosenAgents(cluster, words, values);
  await performEach(cluster, { steps: agents.map(backStep) }, values);
}

/** As reactivate, of agents that are drained only: the master has one call for both. */
export async function undrain({ words, values }: Back): Promise<void> {
  const cluster = await Cluster.of(values);
  const { agents } = await chosenAgents(cluster, words, values);
  for (const agent of agents) {
    const state = stateOf(agent);
    if (state === 'draining') {
      throw new CommandError(
        EXIT.failed,
        `${agentName(agent)} still drains, and no master ends that early: try again when it is drained`,
      );
    }
    if (state !== 'drained') {
      const hint = state === 'deactivated' ? '; mesoscale agent reactivate puts it back' : '';
      throw new CommandError(EXIT.failed, `${agentName(agent)} is ${state}, not drained${hint}`);
    }
  }
  await performEach(cluster, { steps: agents.map(backStep) }, values);
}

const backStep = (agent: Agent): Step => ({
  subject: agentName(agent),
  call: {
    type: MasterCall_Type.REACTIVATE_AGENT,
    reactivate_agent: { agent_id: { value: agentId(agent) } },
  },
  done: `${agentName(agent)} is offered again`,
});
