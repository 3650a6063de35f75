// One framework: who it is, what it may do, and its tasks.

import { enumNames } from '../../model/enum-names.ts';
import { FrameworkInfo_Capability_Type, type TaskState } from '../../model/generated/messages.ts';
import { taskStateName } from '../../model/task-state.ts';
import { ConditionBadge } from '../components/badge.tsx';
import { Fact, Facts, Id, Tags } from '../components/facts.tsx';
import { useCluster } from '../components/live.ts';
import { Name } from '../components/name.tsx';
import { Empty, Loading } from '../components/notices.tsx';
import { place } from '../components/place.tsx';
import { TaskTable } from '../components/task-table.tsx';
import { Ago } from '../components/time.tsx';
import { ViewHead } from '../components/view-head.tsx';
import { FrameworkActions } from '../dialogs/framework-actions.tsx';
import { href } from '../locations/location.ts';
import type { FrameworkRow } from '../store/rows.ts';
import { AMOUNT_NAMES } from '../store/sums.ts';
import { amountText, countText, RESOURCE_TITLES, spanText } from '../words/amounts.ts';
import { frameworkCondition } from '../words/conditions.ts';
import { stateWords } from '../words/task-states.ts';
import { FrameworkOffers } from './framework-offers.tsx';
import { FrameworkRoles } from './framework-roles.tsx';
import type { Names } from './views.ts';

const capabilityName = enumNames(FrameworkInfo_Capability_Type);

export function FrameworkView({ names: { framework: id = '' } }: { names: Names }) {
  const cluster = useCluster();
  const framework = cluster?.frameworks.get(id);
  if (cluster === undefined) {
    return <Loading what="the framework" />;
  }
  if (framework === undefined) {
    return (
      <Empty title="There is no such framework">
        The master does not know <Name text={id} />, or not any more.{' '}
        <a href={href(['frameworks'])}>All frameworks</a>
      </Empty>
    );
  }
  return (
    <>
      <ViewHead
        of={{ title: 'Frameworks', path: ['frameworks'] }}
        name={framework.name || framework.id}
      >
        <ConditionBadge condition={frameworkCondition(framework)} />
        {framework.isCompleted ? null : (
          <a class="button" href={href(['frameworks', framework.id, 'why'])}>
            Why not?
          </a>
        )}
        <FrameworkActions framework={framework} />
      </ViewHead>
      <div class="split split-even">
        <FrameworkFacts framework={framework} />
        <FrameworkUse framework={framework} />
      </div>
      {framework.isCompleted ? null : (
        <div class="stack stack-below">
          <FrameworkRoles framework={framework} />
          <FrameworkOffers framework={framework} cluster={cluster} />
        </div>
      )}
      <h2 class="section">Tasks</h2>
      <TaskTable
        cluster={cluster}
        filter={{ state: 'all', ...place.value.query, framework: framework.id }}
        without={['framework']}
      />
    </>
  );
}

function FrameworkFacts({ framework }: { framework: FrameworkRow }) {
  const { webUrl } = framework;
  const isLink = /^https?:\/\//i.test(webUrl);
  return (
    <section class="panel">
      <h2>Facts</h2>
      <Facts>
        <Fact name="Id">
          <Id text={framework.id} what="the id of the framework" />
        </Fact>
        <Fact name="State">{frameworkCondition(framework).means}</Fact>
        <Fact name="Roles">
          <Tags texts={framework.roles} />
        </Fact>
        <Fact name="User">
          <Name text={framework.user} />
        </Fact>
        <Fact name="Principal">
          {framework.principal === '' ? null : <Name text={framework.principal} />}
        </Fact>
        <Fact name="Scheduler at">
          {framework.hostname === '' ? null : <Name text={framework.hostname} />}
        </Fact>
        <Fact name="Its own page">
          {webUrl === '' ? null : isLink ? (
            <a href={webUrl} rel="noreferrer noopener" target="_blank">
              <Name text={webUrl} />
            </a>
          ) : (
            <Name text={webUrl} />
          )}
        </Fact>
        <Fact name="Time to come back">{spanText(framework.failoverTimeoutSecs * 1000)}</Fact>
        <Fact name="Capabilities">
          {framework.capabilities.length === 0 ? null : (
            <Tags
              texts={framework.capabilities.map((number) => capabilityName(number) ?? `${number}`)}
            />
          )}
        </Fact>
        <Fact name="Labels">
          {framework.labels.length === 0 ? null : <Tags texts={framework.labels} />}
        </Fact>
        <Fact name="Registered">
          <Ago ms={framework.registeredMs} />
        </Fact>
        <Fact name="Came back">
          {framework.reregisteredMs === 0 ? null : <Ago ms={framework.reregisteredMs} />}
        </Fact>
        <Fact name="Gone">
          {framework.unregisteredMs === 0 ? null : <Ago ms={framework.unregisteredMs} />}
        </Fact>
      </Facts>
    </section>
  );
}

function FrameworkUse({ framework: { id, sums } }: { framework: FrameworkRow }) {
  const states = [...sums.byState.entries()].filter(([, count]) => count > 0);
  return (
    <section class="panel">
      <h2>What its tasks take</h2>
      <Facts>
        {AMOUNT_NAMES.map((name, index) => ({ name, amount: sums.amounts[index] ?? 0 }))
          .filter(({ name, amount }) => amount > 0 || name !== 'gpus')
          .map(({ name, amount }) => (
            <Fact key={name} name={RESOURCE_TITLES[name]}>
              {amountText(name, amount / 1000)}
            </Fact>
          ))}
        {states.map(([state, count]) => (
          <Fact key={state} name={stateWords(state).text}>
            <a href={href(['tasks'], { framework: id, state: taskStateName(state as TaskState) })}>
              {countText(count)}
            </a>
          </Fact>
        ))}
      </Facts>
    </section>
  );
}
