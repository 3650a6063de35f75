// `mesoscale plan VERB`: each verb is a change of the call PLAN.
import { CallRefusedError } from '../../../http/client/scheduler-client.ts';
import { parseAttributes } from '../../../model/attribute-text.ts';
import { errorText } from '../../../model/error-text.ts';
import {
  MasterCall_Type,
  type PlanChange,
  PlanChange_Type,
} from '../../../model/generated/messages.ts';
import { parseResources } from '../../../model/resource-text.ts';
import { roleError } from '../../../model/role.ts';
import { jsonValue } from '../../../wire/json.ts';
import { types } from '../../../wire/types.ts';
import { counted } from '../../counted.ts';
import { FlagError, readEach } from '../../flags/faults.ts';
import type { FlagValues } from '../../flags/flag.ts';
import { Cluster } from '../connection/cluster.ts';
import { ownCall } from '../connection/own-call.ts';
import { agentId, agentNamed, agentsOf, frameworkNames, type Names } from '../connection/things.ts';
import { presentOne } from '../output/present.ts';
import { scalarsIn } from '../scalars.ts';
import type { Asked } from '../verb.ts';
import type { PLAN_AGENTS_FLAGS, PLAN_FLAGS, PLAN_QUOTA_FLAGS } from './flags.ts';
import { forecastText } from './forecast-text.ts';

type Values = FlagValues<typeof PLAN_FLAGS>;

/** What is thought of: the change, and how it is said. */
interface Thought {
  readonly change: PlanChange;
  readonly says: string;
}

export async function planDrain({ words, values }: Asked<typeof PLAN_FLAGS>): Promise<void> {
  const cluster = await Cluster.of(values);
  const known = await agentsOf(cluster);
  const agents = [...new Set(words.map((word) => agentNamed(known, word)))];
  const agent_ids = agents.map((agent) => ({ value: agentId(agent) }));
  const [only] = agents.length === 1 ? agents : [];
  await told(cluster, values, {
    change: { type: PlanChange_Type.DRAIN_AGENTS, drain_agents: { agent_ids } },
    says:
      only === undefined
        ? `${counted(agents.length, 'agent')} drained`
        : `agent ${only.agent_info.hostname} (${agentId(only)}) drained`,
  });
}

export async function planQuota({
  words: [role = '', limits],
  values,
}: Asked<typeof PLAN_QUOTA_FLAGS>): Promise<void> {
  checkRole(role);
  const { guarantees } = values;
  const config = {
    role,
    ...(limits !== undefined && { limits: scalarsIn(limits, 'LIMITS') }),
    ...(guarantees !== undefined && { guarantees: scalarsIn(guarantees, '--guarantees') }),
  };
  const parts = [
    ...(guarantees === undefined ? [] : [`at least ${guarantees}`]),
    ...(limits === undefined ? [] : [`at most ${limits}`]),
  ];
  await told(await Cluster.of(values), values, {
    change: { type: PlanChange_Type.SET_QUOTAS, set_quotas: { quota_configs: [config] } },
    says:
      parts.length === 0
        ? `role ${role} without a quota`
        : `the quota of role ${role} replaced by ${parts.join(', ')}`,
  });
}

export async function planWeights({ words, values }: Asked<typeof PLAN_FLAGS>): Promise<void> {
  const weight_infos = readEach(words, weightIn);
  await told(await Cluster.of(values), values, {
    change: { type: PlanChange_Type.SET_WEIGHTS, set_weights: { weight_infos } },
    says: `weights ${words.join(', ')}`,
  });
}

/** Throws FlagError. */
function weightIn(text: string): { role: string; weight: number } {
  const [, role, digits] = /^(.+)=(\d*\.?\d+)$/.exec(text) ?? [];
  const weight = Number(digits);
  if (role === undefined || !(weight > 0)) {
    throw new FlagError(`expected ROLE=WEIGHT with a weight above 0, got '${text}'`);
  }
  checkRole(role);
  return { role, weight };
}

export async function planAgents({
  words: [number = ''],
  values,
  faults,
}: Asked<typeof PLAN_AGENTS_FLAGS>): Promise<void> {
  const count = faults.read(() => countIn(number));
  const resources = faults.read(() => {
    if (values.resources === undefined) {
      throw new FlagError('--resources is required: what each agent has, as cpus:16;mem:65536');
    }
    return readAs('resources', values.resources, parseResources);
  });
  const attributes = faults.read(() =>
    readAs('attributes', values.attributes ?? '', parseAttributes),
  );
  faults.end();
  const add_agents = {
    count: count.value,
    resources: [...resources.value],
    ...(attributes.value.length > 0 && { attributes: [...attributes.value] }),
  };
  await told(await Cluster.of(values), values, {
    change: { type: PlanChange_Type.ADD_AGENTS, add_agents },
    says: `${counted(count.value, 'agent')} more, each with ${values.resources}`,
  });
}

/** The master has a bound of its own. */
function countIn(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) {
    throw new FlagError(`NUMBER expects how many agents, got '${text}'`);
  }
  return Number(text);
}

function readAs<T>(flag: string, text: string, parse: (text: string) => T): T {
  try {
    return parse(text);
  } catch (error) {
    throw new FlagError(`--${flag}: ${errorText(error)}`);
  }
}

export async function planRemoval({
  words: [text = ''],
  values,
}: Asked<typeof PLAN_FLAGS>): Promise<void> {
  const cluster = await Cluster.of(values);
  const frameworks = await frameworkNames(cluster);
  const id = frameworks.named(text);
  await told(
    cluster,
    values,
    {
      change: {
        type: PlanChange_Type.REMOVE_FRAMEWORK,
        remove_framework: { framework_id: { value: id } },
      },
      says: `framework ${frameworks.nameOf(id)} (${id}) removed`,
    },
    frameworks,
  );
}

function checkRole(role: string): void {
  const error = roleError(role);
  if (error !== undefined) {
    throw new FlagError(`'${role}' is no role: ${error}`);
  }
}

/** Has the master think it through, and shows the outcome. */
async function told(
  cluster: Cluster,
  values: Values,
  { change, says }: Thought,
  known?: Names,
): Promise<void> {
  await presentOne(values, async () => {
    const { plan } = await ownCall(cluster, {
      type: MasterCall_Type.PLAN,
      plan: { changes: [change] },
    }).catch((error: unknown) => {
      // There is but one change: which one is wrong need not be told.
      throw error instanceof CallRefusedError
        ? new CallRefusedError(error.status, error.message.replace(/^Invalid change 0: /, ''))
        : error;
    });
    if (plan === undefined) {
      throw new Error('The answer to PLAN has no plan');
    }
    const { nameOf } = known ?? (await frameworkNames(cluster));
    return {
      name: says,
      json: jsonValue(types.Forecast, plan),
      text: (screen, isWide) =>
        forecastText(
          { forecast: plan, says, nameOf, isDrain: change.drain_agents !== undefined },
          { screen, isWide },
        ),
    };
  });
}
