// What would come of changes, one or several together: the master makes them on a copy of its
// allocator, and the page shows the cluster before and after. Then each can be done, where there is
// a call for it.
import { useState } from 'preact/hooks';
import { CopyButton } from '../components/copy-button.tsx';
import { Pills } from '../components/filters.tsx';
import { ForecastTable } from '../components/forecast-table.tsx';
import { Icon } from '../components/icon.tsx';
import { useCluster } from '../components/live.ts';
import { Name } from '../components/name.tsx';
import { Empty, Failed, Loading } from '../components/notices.tsx';
import { place, refine } from '../components/place.tsx';
import { useReading } from '../components/reading.ts';
import { actionsDone } from '../dialogs/action.tsx';
import { ActionBar } from '../dialogs/action-bar.tsx';
import { href } from '../locations/location.ts';
import { parsePlans, plansText } from '../locations/plans.ts';
import type { Cluster } from '../store/cluster.ts';
import { call } from '../stream/requests.ts';
import { counted, countText } from '../words/amounts.ts';
import {
  clusterLines,
  FORCED,
  type Forecast,
  type ForecastLine,
  forecastWarnings,
  roomWords,
  shareLines,
} from '../words/forecasts.ts';
import { plainText } from '../words/names.ts';
import { KINDS, kindOf, type Plan, type PlanQuery, planOf, USUAL_KIND } from './plans.tsx';

/** It takes a thread of the master for a while. */
const EVERY_MS = 15_000;
/** Those of a framework that are named. */
const MAX_TASKS = 8;

export function WhatIfView() {
  const cluster = useCluster();
  const [done, setDone] = useState<ReadonlySet<string>>(new Set());
  if (cluster === undefined) {
    return <Loading what="the cluster" />;
  }
  const { and, ...query } = place.value.query;
  const kind = kindOf(query);
  const problem = kind.problem?.(query, cluster);
  const plan = planOf(cluster, query);
  const others = parsePlans(and);
  const planned = [...others, query].flatMap((each) => {
    const made = planOf(cluster, each);
    return made === undefined ? [] : [made];
  });
  /** What has been done is not offered again. */
  const actionsOf = (each: PlanQuery, { action }: Plan) => {
    const key = JSON.stringify(each);
    return action === undefined || done.has(key)
      ? []
      : [{ ...action, onDone: () => setDone((before) => new Set([...before, key])) }];
  };
  return (
    <>
      <div class="view-head">
        <h1>What if?</h1>
        {plan === undefined ? null : (
          <ActionBar actions={actionsOf(query, plan)}>
            {done.has(JSON.stringify(query)) ? <span role="status">This is done.</span> : null}
            <a class="button" href={href(['what-if'], { and: plansText([...others, query]) })}>
              And what else?
            </a>
          </ActionBar>
        )}
      </div>
      {others.length === 0 ? null : (
        <section class="panel planned">
          <h2>Together with</h2>
          <ul class="lines">
            {others.map((other, index) => {
              const made = planOf(cluster, other);
              return (
                <li key={JSON.stringify(other)} class="also-planned">
                  <span>
                    <Name text={made?.says ?? `${kindOf(other).title}: nothing is left to do`} />
                  </span>
                  {made === undefined ? null : <ActionBar actions={actionsOf(other, made)} />}
                  <button
                    type="button"
                    class="button-icon"
                    aria-label={`Without this: ${plainText(made?.says ?? kindOf(other).title)}`}
                    onClick={() => refine({ and: plansText(others.toSpliced(index, 1)) })}
                  >
                    <Icon name="close" size={13} />
                  </button>
                </li>
              );
            })}
          </ul>
        </section>
      )}
      <div class="filters">
        <Pills
          name="kind"
          label="What is changed"
          options={Object.entries(KINDS).map(([key, { title }]) => ({
            value: key === USUAL_KIND ? '' : key,
            text: title,
          }))}
        />
      </div>
      <div class="filters" key={`${query.kind} ${and}`}>
        <kind.Fields cluster={cluster} />
      </div>
      {problem === undefined ? null : (
        <p class="bar" data-kind="warn" role="status">
          <Name text={problem} />
        </p>
      )}
      {planned.length > 0 ? (
        <Outcome cluster={cluster} plans={planned} />
      ) : problem === undefined ? (
        <Empty title="Nothing is planned">
          Say what would be changed. Nothing is done by asking: a button of its own does it.
        </Empty>
      ) : null}
    </>
  );
}

function Outcome({ cluster, plans }: { cluster: Cluster; plans: readonly Plan[] }) {
  const changes = plans.map(({ change }) => change);
  const about = `plan ${JSON.stringify(changes)} ${actionsDone.value}`;
  const { value, failure } = useReading(about, EVERY_MS, (signal) =>
    call<Forecast>('PLAN', { plan: { changes } }, signal),
  );
  if (value === undefined) {
    return failure === undefined ? <Loading what="the outcome" /> : <Failed failure={failure} />;
  }
  const nameOf = (id: string) => cluster.frameworks.get(id)?.name || id;
  const ending = value.ending_tasks ?? [];
  const shares = shareLines(value, nameOf);
  const isDrain = changes.some((change) => 'drain_agents' in change);
  const room = roomWords(value);
  return (
    <div class="stack">
      <section class="panel">
        <h2>
          {plans.length === 1 ? (
            <Name text={plans[0]?.says ?? ''} />
          ) : (
            `All ${countText(plans.length)} changes together`
          )}
        </h2>
        <p>
          <strong>
            {ending.length === 0
              ? 'No task ends.'
              : `Tasks that end: ${counted(
                  ending.reduce((sum, { tasks }) => sum + tasks, 0),
                  'task',
                )}.`}
          </strong>
        </p>
        <ul class="lines">
          {ending.map(({ framework_id: { value: id }, tasks, examples = [] }) => (
            <li key={id}>
              {counted(tasks, 'task')} of{' '}
              <a href={href(['frameworks', id])}>
                <Name text={nameOf(id)} title={id} />
              </a>
              {examples.slice(0, MAX_TASKS).map(({ value }, index) => (
                <span key={value}>
                  {index === 0 ? ': ' : ', '}
                  <a href={href(['tasks', id, value])}>
                    <Name text={cluster.task(id, value)?.name || value} title={value} />
                  </a>
                </span>
              ))}
              {examples.length > 0 && tasks > MAX_TASKS ? ' …' : ''}
            </li>
          ))}
        </ul>
        {isDrain && room !== undefined && ending.length > 0 ? <p>{room}</p> : null}
        {plans.map(({ line }) =>
          line === undefined ? null : (
            <p key={line}>
              To do it, start agents with <code class="fixed">{plainText(line)}</code>{' '}
              <CopyButton text={line} what="these flags" />
            </p>
          ),
        )}
        {forecastWarnings(value, FORCED).map((warning) => (
          <p key={warning} class="bar" data-kind="warn">
            <Name text={warning} />
          </p>
        ))}
      </section>
      <Lines title="The cluster" lines={clusterLines(value)} />
      <p class="quiet">
        What is offered is as of this moment: it follows who has declined what a second ago.
      </p>
      {shares.length === 0 ? null : <Lines title="Roles and frameworks" lines={shares} />}
    </div>
  );
}

function Lines(props: { title: string; lines: readonly ForecastLine[] }) {
  return (
    <section class="panel files-panel">
      <ForecastTable {...props} />
    </section>
  );
}
