// `mesoscale plan VERB`: each verb is a change of the call PLAN, and `changes` is several.
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
import type {
  PLAN_AGENTS_FLAGS,
  PLAN_CHANGES_FLAGS,
  PLAN_FLAGS,
  PLAN_QUOTA_FLAGS,
} from './flags.ts';
import { forecastText } from './forecast-text.ts';

type Values = FlagValues<typeof PLAN_FLAGS>;

/** What is thought of: the change, and how it is said. */
interface Thought {
  readonly change: PlanChange;
  readonly says: string;
}

export async function planDrain({ words, values }: Asked<typeof PLAN_FLAGS>): Promise<void> {
  const cluster = await Cluster.of(values);
  await told(cluster, values, [await drainOf(cluster, words)]);
}

async function drainOf(cluster: Cluster, words: readonly string[]): Promise<Thought> {
  const known = await agentsOf(cluster);
  const agents = [...new Set(words.map((word) => agentNamed(known, word)))];
  const agent_ids = agents.map((agent) => ({ value: agentId(agent) }));
  const [only] = agents.length === 1 ? agents : [];
  return {
    change: { type: PlanChange_Type.DRAIN_AGENTS, drain_agents: { agent_ids } },
    says:
      only === undefined
        ? `${counted(agents.length, 'agent')} drained`
        : `agent ${only.agent_info.hostname} (${agentId(only)}) drained`,
  };
}

export async function planQuota({
  words: [role = '', limits],
  values,
}: Asked<typeof PLAN_QUOTA_FLAGS>): Promise<void> {
  const thought = quotaOf(role, { limits, guarantees: values.guarantees });
  await told(await Cluster.of(values), values, [thought]);
}

/** Throws FlagError. */
function quotaOf(
  role: string,
  { limits, guarantees }: Readonly<Record<'limits' | 'guarantees', string | undefined>>,
): Thought {
  checkRole(role);
  const config = {
    role,
    ...(limits !== undefined && { limits: scalarsIn(limits, 'LIMITS') }),
    ...(guarantees !== undefined && { guarantees: scalarsIn(guarantees, '--guarantees') }),
  };
  const parts = [
    ...(guarantees === undefined ? [] : [`at least ${guarantees}`]),
    ...(limits === undefined ? [] : [`at most ${limits}`]),
  ];
  return {
    change: { type: PlanChange_Type.SET_QUOTAS, set_quotas: { quota_configs: [config] } },
    says:
      parts.length === 0
        ? `role ${role} without a quota`
        : `the quota of role ${role} replaced by ${parts.join(', ')}`,
  };
}

export async function planWeights({ words, values }: Asked<typeof PLAN_FLAGS>): Promise<void> {
  const thought = weightsOf(words);
  await told(await Cluster.of(values), values, [thought]);
}

/** Throws FlagError. */
const weightsOf = (words: readonly string[]): Thought => ({
  change: {
    type: PlanChange_Type.SET_WEIGHTS,
    set_weights: { weight_infos: readEach(words, weightIn) },
  },
  says: `weights ${words.join(', ')}`,
});

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
  await told(await Cluster.of(values), values, [
    {
      change: { type: PlanChange_Type.ADD_AGENTS, add_agents },
      says: `${counted(count.value, 'agent')} more, each with ${values.resources}`,
    },
  ]);
}

/** `10 cpus:16;mem:65536`. Throws FlagError. */
function moreIn(change: string): Thought {
  const [number, text] = wordsIn('add-agents', change, '"10 cpus:16;mem:65536"');
  const count = countIn(number);
  const resources = [...readAs('add-agents', text, parseResources)];
  return {
    change: { type: PlanChange_Type.ADD_AGENTS, add_agents: { count, resources } },
    says: `${counted(count, 'agent')} more, each with ${text}`,
  };
}

/** `eng cpus:40;mem:65536`. Throws FlagError. */
function quotaIn(change: string): Thought {
  const [role, limits] = wordsIn('quota', change, '"eng cpus:40;mem:65536"');
  return quotaOf(role, { limits, guarantees: undefined });
}

/** Of two words; the second one may have blanks. Throws FlagError. */
function wordsIn(flag: string, text: string, example: string): readonly [string, string] {
  const [, first, second] = /^\s*(\S+)\s+(\S.*?)\s*$/s.exec(text) ?? [];
  if (first === undefined || second === undefined) {
    throw new FlagError(`--${flag} expects two words such as ${example}, got '${text}'`);
  }
  return [first, second];
}

export async function planChanges({
  values,
  faults,
}: Asked<typeof PLAN_CHANGES_FLAGS>): Promise<void> {
  const { drain = [], quota = [], weight = [], add_agents = [], remove_framework = [] } = values;
  const read = faults.read(() => [
    ...readEach(add_agents, moreIn),
    ...readEach(quota, quotaIn),
    ...(weight.length > 0 ? [weightsOf(weight)] : []),
  ]);
  faults.end();
  if (read.value.length + drain.length + remove_framework.length === 0) {
    throw new FlagError(
      'expected changes: --add-agents, --drain, --quota, --remove-framework or --weight',
    );
  }
  const cluster = await Cluster.of(values);
  const frameworks = await frameworkNames(cluster);
  await told(
    cluster,
    values,
    [
      ...(drain.length > 0 ? [await drainOf(cluster, drain)] : []),
      ...remove_framework.map((text) => removalOf(frameworks, text)),
      ...read.value,
    ],
    frameworks,
  );
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
  await told(cluster, values, [removalOf(frameworks, text)], frameworks);
}

/** Throws CommandError. */
function removalOf(frameworks: Names, text: string): Thought {
  const id = frameworks.named(text);
  return {
    change: {
      type: PlanChange_Type.REMOVE_FRAMEWORK,
      remove_framework: { framework_id: { value: id } },
    },
    says: `framework ${frameworks.nameOf(id)} (${id}) removed`,
  };
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
  thoughts: readonly Thought[],
  known?: Names,
): Promise<void> {
  const says = thoughts.map((each) => each.says).join(' and ');
  await presentOne(values, async () => {
    const { plan } = await ownCall(cluster, {
      type: MasterCall_Type.PLAN,
      plan: { changes: thoughts.map(({ change }) => change) },
    }).catch((error: unknown) => {
      throw error instanceof CallRefusedError
        ? new CallRefusedError(error.status, saidOf(thoughts, error.message))
        : error;
    });
    if (plan === undefined) {
      throw new Error('The answer to PLAN has no plan');
    }
    const isDrain = thoughts.some(({ change }) => change.drain_agents !== undefined);
    const { nameOf } = known ?? (await frameworkNames(cluster));
    return {
      name: says,
      json: jsonValue(types.Forecast, plan),
      text: (screen, isWide) =>
        forecastText({ forecast: plan, says, nameOf, isDrain }, { screen, isWide }),
    };
  });
}

/** Which change is wrong is told in its words, and where there is but one, not at all. */
const saidOf = (thoughts: readonly Thought[], refusal: string): string =>
  refusal.replace(/^Invalid change (\d+): /, (_, index) =>
    thoughts.length === 1 ? '' : `${thoughts[Number(index)]?.says}: `,
  );
