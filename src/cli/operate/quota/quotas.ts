// `mesoscale quota VERB`. The API replaces the quota of a role as a whole: it is read before it is
// written, and once more right before that.
import { CallRefusedError } from '../../../http/client/scheduler-client.ts';
import { closestName } from '../../../model/closest-name.ts';
import { sameMessage } from '../../../model/equality.ts';
import { MasterCall_Type, type QuotaConfig } from '../../../model/generated/messages.ts';
import { roleError } from '../../../model/role.ts';
import { jsonValue } from '../../../wire/json.ts';
import { types } from '../../../wire/types.ts';
import { FlagError } from '../../flags/faults.ts';
import type { FlagValues } from '../../flags/flag.ts';
import { Cluster } from '../connection/cluster.ts';
import { type DeedValues, perform } from '../deeds.ts';
import { CommandError, EXIT } from '../outcome.ts';
import { presentList } from '../output/present.ts';
import { printable } from '../output/printable.ts';
import { rolesOf } from '../role/roles-answer.ts';
import { scalarsIn } from '../scalars.ts';
import type { Asked } from '../verb.ts';
import { writtenAmounts, writtenNumbers } from '../written-amounts.ts';
import type { QUOTA_LIST_FLAGS, QUOTA_REMOVE_FLAGS, QUOTA_SET_FLAGS } from './flags.ts';

export async function listQuotas(values: FlagValues<typeof QUOTA_LIST_FLAGS>): Promise<void> {
  const cluster = await Cluster.of(values);
  await presentList<QuotaConfig>(values, async () => {
    const [rows, answer] = await Promise.all([quotasOf(cluster), rolesOf(cluster)]);
    const consumed = new Map(
      (answer.roles ?? []).map(({ name, quota }) => [name, writtenNumbers(quota?.consumed)]),
    );
    return {
      rows: rows.filter((config) => !isEmpty(config)),
      columns: [
        { title: 'ROLE', text: ({ role }) => role },
        { title: 'GUARANTEES', text: ({ guarantees }) => writtenAmounts(guarantees) },
        { title: 'LIMITS', text: ({ limits }) => writtenAmounts(limits) },
        { title: 'CONSUMED', text: ({ role }) => consumed.get(role) || 'none' },
      ],
      nameOf: ({ role }) => role,
      jsonOf: (config) => jsonValue(types.QuotaConfig, config),
      none: 'no role has a quota',
    };
  });
}

export async function setQuota({
  words: [role = '', limits],
  values,
}: Asked<typeof QUOTA_SET_FLAGS>): Promise<void> {
  const { guarantees, force } = values;
  const wrong = roleError(role);
  if (wrong !== undefined) {
    throw new FlagError(wrong);
  }
  if (limits === undefined && guarantees === undefined) {
    throw new FlagError('expected LIMITS such as "cpus:4;mem:1024", or --guarantees');
  }
  const wanted = {
    guarantees: read('--guarantees', guarantees),
    limits: read('LIMITS', limits),
  };
  const cluster = await Cluster.of(values);
  const [{ before, isTold }] = await Promise.all([
    quotaTold(cluster, role),
    tellUnknown(cluster, role),
  ]);
  if (!isTold && (limits === undefined || guarantees === undefined)) {
    throw new CommandError(
      EXIT.notAllowed,
      `the quota of role ${role} may be one of those that you may not view, and what is not said would be lost: say LIMITS and --guarantees, 'none' where there shall be none`,
    );
  }
  const config = {
    role,
    guarantees: wanted.guarantees ?? before.guarantees ?? {},
    limits: wanted.limits ?? before.limits ?? {},
  };
  await replaceQuota(cluster, { before, config, force }, values);
}

/** What a role has, and whether that is sure: what one may not view looks like none. */
async function quotaTold(cluster: Cluster, role: string) {
  const type = MasterCall_Type.GET_QUOTA;
  const { get_quota } = await cluster.master({ type, get_quota: { unseen: true } });
  const found = get_quota?.status.configs?.find((config) => config.role === role);
  const isTold = found !== undefined || get_quota?.has_unseen !== true;
  return { before: found ?? { role }, isTold };
}

/** A role may have a quota before anybody is in it: one that is misspelt looks the same. */
async function tellUnknown(cluster: Cluster, role: string): Promise<void> {
  const names = await seenRoles(cluster);
  // Above each role of `a/b` is `a`.
  const isKnown = names.some((name) => name === role || name.startsWith(`${role}/`));
  // Who sees no role at all may just not be allowed to.
  if (names.length > 0 && !isKnown) {
    const close = closestName(role, names);
    const meant = close === undefined ? '' : ` (did you mean ${close}?)`;
    const text = `role '${role}' is not in use now${meant}: mesoscale role list`;
    process.stderr.write(`${printable(text)}\n`);
  }
}

/** A quota can be set without them: a master that does not tell is no reason not to. */
async function seenRoles(cluster: Cluster): Promise<readonly string[]> {
  try {
    const { get_roles } = await cluster.master({ type: MasterCall_Type.GET_ROLES });
    return (get_roles?.roles ?? []).map(({ name }) => name);
  } catch (error) {
    if (error instanceof CallRefusedError) {
      return [];
    }
    throw error;
  }
}

function read(what: string, text: string | undefined) {
  if (text === undefined) {
    return undefined;
  }
  return text === 'none' ? {} : scalarsIn(text, what);
}

export async function removeQuota({
  words: [role = ''],
  values,
}: Asked<typeof QUOTA_REMOVE_FLAGS>): Promise<void> {
  const cluster = await Cluster.of(values);
  const before = await quotaOf(cluster, role);
  if (isEmpty(before)) {
    throw new CommandError(
      EXIT.notFound,
      `role '${role}' has no quota: mesoscale quota list shows them`,
    );
  }
  const config = { role, guarantees: {}, limits: {} };
  await replaceQuota(cluster, { before, config, force: false }, values);
}

interface Replacement {
  readonly before: QuotaConfig;
  readonly config: QuotaConfig;
  readonly force: boolean;
}

async function replaceQuota(
  cluster: Cluster,
  { before, config, force }: Replacement,
  values: DeedValues,
): Promise<void> {
  const { role } = config;
  const change = (name: 'guarantees' | 'limits') => {
    const [was, is] = [writtenAmounts(before[name]), writtenAmounts(config[name])];
    return was === is ? `${name} ${is} as before` : `${name} ${is} (was ${was})`;
  };
  const text = `role ${role}: ${change('guarantees')}, ${change('limits')}`;
  await perform(
    cluster,
    {
      consequence: `${text.charAt(0).toUpperCase()}${text.slice(1)}. No task ends.`,
      guard: async () => {
        const now = await quotaOf(cluster, role);
        if (!sameMessage(now, before)) {
          throw new CommandError(
            EXIT.failed,
            `the quota of role ${role} was changed meanwhile (guarantees ${writtenAmounts(now.guarantees)}, limits ${writtenAmounts(now.limits)}): nothing was done`,
          );
        }
      },
      calls: [
        {
          type: MasterCall_Type.UPDATE_QUOTA,
          update_quota: { ...(force && { force }), quota_configs: [config] },
        },
      ],
      done: text,
    },
    values,
  ).catch((error: unknown) => {
    throw error instanceof CallRefusedError
      ? new CallRefusedError(error.status, error.message.replace(FORCE, '(--force sets it anyway)'))
      : error;
  });
}

/** How Mesos says which field of the call leaves a check out. */
const FORCE = "(use 'force' flag to bypass this check)";

async function quotasOf(cluster: Cluster): Promise<readonly QuotaConfig[]> {
  const { get_quota } = await cluster.master({ type: MasterCall_Type.GET_QUOTA });
  return get_quota?.status.configs ?? [];
}

/** Without amounts where it has none. */
const quotaOf = async (cluster: Cluster, role: string): Promise<QuotaConfig> =>
  (await quotasOf(cluster)).find((config) => config.role === role) ?? { role };

const isEmpty = ({ guarantees = {}, limits = {} }: QuotaConfig) =>
  Object.keys(guarantees).length + Object.keys(limits).length === 0;
