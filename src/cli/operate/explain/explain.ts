// `mesoscale explain`.
import { MasterCall_Type } from '../../../model/generated/messages.ts';
import { jsonValue } from '../../../wire/json.ts';
import { types } from '../../../wire/types.ts';
import { counted } from '../../counted.ts';
import { Cluster } from '../connection/cluster.ts';
import { ownCall } from '../connection/own-call.ts';
import {
  agentId,
  agentNamed,
  agentsOf,
  frameworkId,
  frameworkNamed,
  frameworksOf,
} from '../connection/things.ts';
import { CommandError, EXIT } from '../outcome.ts';
import { presentOne } from '../output/present.ts';
import { scalarsIn } from '../scalars.ts';
import type { Asked } from '../verb.ts';
import { explanationText } from './explanation-text.ts';
import type { EXPLAIN_FLAGS } from './flags.ts';

export async function explainOffers({ words, values }: Asked<typeof EXPLAIN_FLAGS>): Promise<void> {
  const { role, agent } = values;
  const demand = values.demand === undefined ? undefined : scalarsIn(values.demand, '--demand');
  const cluster = await Cluster.of(values);
  const { id, name } = await frameworkMeant(cluster, words[0]);
  const agent_ids =
    agent === undefined
      ? undefined
      : [{ value: agentId(agentNamed(await agentsOf(cluster), agent)) }];
  await presentOne(values, async () => {
    const { explain } = await ownCall(cluster, {
      type: MasterCall_Type.EXPLAIN,
      explain: {
        framework_id: { value: id },
        ...(role !== undefined && { role }),
        ...(demand !== undefined && { demand }),
        ...(agent_ids !== undefined && { agent_ids }),
      },
    });
    if (explain === undefined) {
      throw new Error('The answer to EXPLAIN has no explanation');
    }
    return {
      name: id,
      json: jsonValue(types.OfferExplanation, explain),
      text: (screen, isWide) =>
        explanationText(explain, {
          title: `${name} (${id})`,
          nowMs: Date.now(),
          isWide,
          screen,
        }),
    };
  });
}

async function frameworkMeant(
  cluster: Cluster,
  text: string | undefined,
): Promise<{ readonly id: string; readonly name: string }> {
  const known = await frameworksOf(cluster);
  const registered = known.filter((each) => each.unregistered_time === undefined);
  const [only] = registered;
  if (text === undefined && registered.length > 1) {
    throw new CommandError(
      EXIT.usage,
      `which of ${counted(registered.length, 'framework')}? mesoscale framework list shows them`,
    );
  }
  const framework =
    text === undefined || only === undefined ? only : frameworkNamed(registered, text);
  if (framework === undefined) {
    throw new CommandError(
      EXIT.notFound,
      'no framework is registered: mesoscale framework list --all shows those that have ended',
    );
  }
  return { id: frameworkId(framework), name: framework.framework_info.name };
}
