// `mesoscale framework show`.
import { formatDuration } from '../../../model/duration.ts';
import { enumNames } from '../../../model/enum-names.ts';
import {
  type MasterResponse_GetFrameworks_Framework as Framework,
  TaskState,
} from '../../../model/generated/messages.ts';
import { formatResources } from '../../../model/resource-text.ts';
import { jsonValue } from '../../../wire/json.ts';
import { types } from '../../../wire/types.ts';
import { amountText, quantitiesOf } from '../amounts.ts';
import { foundOrAwaited } from '../connection/awaited.ts';
import { Cluster } from '../connection/cluster.ts';
import {
  agentNames,
  frameworkId,
  frameworkNamed,
  frameworksOf,
  tasksOf,
} from '../connection/things.ts';
import { type Fact, factsText, right, section } from '../output/facts-text.ts';
import { presentOne } from '../output/present.ts';
import { momentText, msOf } from '../times.ts';
import type { Asked } from '../verb.ts';
import type { FRAMEWORK_SHOW_FLAGS } from './flags.ts';
import { capabilitiesOf, rolesOf, stateOf } from './list.ts';

const stateName = enumNames(TaskState);

export async function showFramework({
  words,
  values,
}: Asked<typeof FRAMEWORK_SHOW_FLAGS>): Promise<void> {
  const cluster = await Cluster.of(values);
  const amountsOf = await quantitiesOf();
  await presentOne(values, async () => {
    const known = await frameworksOf(cluster);
    const framework = await foundOrAwaited(cluster, () => frameworkNamed(known, words[0] ?? ''));
    const id = frameworkId(framework);
    const [all, agents] = await Promise.all([tasksOf(cluster), agentNames(cluster)]);
    const tasks = all.filter(({ framework_id }) => framework_id.value === id);
    const byRole = Map.groupBy(
      framework.allocated_resources ?? [],
      ({ allocation_info }) => allocation_info?.role ?? '*',
    );
    const sections = [
      section(
        'Roles',
        ['ROLE', right('CPUS'), right('MEM'), right('DISK'), right('GPUS')],
        [...new Set([...rolesOf(framework), ...byRole.keys()])].map((role) => {
          const amounts = amountsOf(byRole.get(role));
          const cells = ['cpus', 'mem', 'disk', 'gpus'].map((name) =>
            amountText(name, amounts[name] ?? 0),
          );
          return [role, ...cells];
        }),
      ),
      section(
        'Tasks',
        ['ID', 'STATE', 'AGENT', right('CPUS'), right('MEM'), 'NAME'],
        tasks.map(({ task_id, state, agent_id, resources, name }) => {
          const { cpus, mem } = amountsOf(resources);
          return [
            task_id.value,
            stateName(state) ?? '',
            agents.nameOf(agent_id.value),
            amountText('cpus', cpus),
            amountText('mem', mem),
            name,
          ];
        }),
      ),
    ];
    return {
      name: id,
      json: jsonValue(types.MasterResponse_GetFrameworks_Framework, framework),
      text: (screen, isWide) => factsText(factsOf(framework, isWide), sections, screen),
    };
  });
}

function factsOf(framework: Framework, isWide: boolean): readonly Fact[] {
  const { framework_info: info, registered_time, reregistered_time, unregistered_time } = framework;
  const nowMs = Date.now();
  const registeredMs = msOf(registered_time);
  // Of one that has not come back both times are told, and are one.
  const backMs = msOf(reregistered_time);
  return [
    ['ID', frameworkId(framework)],
    ['Name', info.name],
    ['State', stateOf(framework)],
    ['User', info.user],
    ['Principal', info.principal],
    ['Host', info.hostname],
    ['Page', info.webui_url],
    ['Registered', momentText(registeredMs, nowMs)],
    ['Came back', backMs === registeredMs ? undefined : momentText(backMs, nowMs)],
    ['Ended', momentText(msOf(unregistered_time), nowMs)],
    [
      'Failover',
      info.failover_timeout === undefined
        ? undefined
        : `tasks run on for ${formatDuration(info.failover_timeout * 1000)} without its scheduler`,
    ],
    ['Offers', `${framework.offers?.length ?? 0} not answered`],
    ['Offered', isWide ? formatResources(framework.offered_resources ?? []) : undefined],
    ['Capabilities', capabilitiesOf(framework).join(', ')],
  ];
}
