// Why a framework is not offered what it could use: its agents by reason, and how a demand would
// go with them. The master explains it on a copy of its allocator.
import { Badge } from '../components/badge.tsx';
import { Choice } from '../components/filters.tsx';
import { useCluster } from '../components/live.ts';
import { Name } from '../components/name.tsx';
import { Empty, Failed, Loading } from '../components/notices.tsx';
import { place } from '../components/place.tsx';
import { QueryField } from '../components/query-field.tsx';
import { useReading } from '../components/reading.ts';
import { ViewHead } from '../components/view-head.tsx';
import { href } from '../locations/location.ts';
import type { Cluster } from '../store/cluster.ts';
import type { FrameworkRow } from '../store/rows.ts';
import { AMOUNT_NAMES, greatestOf } from '../store/sums.ts';
import { call } from '../stream/requests.ts';
import { counted, RESOURCE_TITLES } from '../words/amounts.ts';
import { agentName } from '../words/conditions.ts';
import {
  type Explanation,
  explanationWords,
  type Fit,
  limitWords,
  type ReasonGroup,
  shortageWords,
} from '../words/explanations.ts';
import { amountsWords } from '../words/resources.ts';
import { standingOf, steadyGroups, verdictOf } from '../words/standing.ts';
import type { Names } from './views.ts';

/** It takes a thread of the master for a while. */
const EVERY_MS = 10_000;
const MAX_EXAMPLES = 6;

export function WhyNotView({ names: { framework: id = '' } }: { names: Names }) {
  const cluster = useCluster();
  const framework = cluster?.frameworks.get(id);
  if (cluster === undefined) {
    return <Loading what="the framework" />;
  }
  if (framework === undefined || framework.isCompleted) {
    return (
      <Empty title="There is no such framework">
        <Name text={id} /> is not registered now. <a href={href(['frameworks'])}>All frameworks</a>
      </Empty>
    );
  }
  const { name } = framework;
  return (
    <>
      <ViewHead of={{ title: name || id, path: ['frameworks', id] }} name="Why not?" />
      <div class="filters">
        <Choice
          name="role"
          label="Role"
          options={framework.roles.map((value) => ({ value, text: value }))}
        />
      </div>
      <div class="filters">
        <div class="query-fields">
          {AMOUNT_NAMES.map((resource) => (
            <QueryField
              key={resource}
              name={resource}
              label={`${RESOURCE_TITLES[resource]}${resource === 'mem' || resource === 'disk' ? ', MB' : ''}`}
              type="number"
              placeholder="any"
            />
          ))}
        </div>
      </div>
      <Reasons cluster={cluster} framework={framework} />
    </>
  );
}

function Reasons({ cluster, framework }: { cluster: Cluster; framework: FrameworkRow }) {
  const { role, ...query } = place.value.query;
  const demand = Object.fromEntries(
    AMOUNT_NAMES.flatMap((name) => {
      const value = Number(query[name]);
      return value > 0 ? [[name, { value }]] : [];
    }),
  );
  const explain = {
    framework_id: { value: framework.id },
    ...(role === undefined ? {} : { role }),
    ...(Object.keys(demand).length === 0 ? {} : { demand }),
  };
  const { value, failure } = useReading(`why ${JSON.stringify(explain)}`, EVERY_MS, (signal) =>
    call<Explanation>('EXPLAIN', { explain }, signal),
  );
  if (value === undefined) {
    return failure === undefined ? <Loading what="the reasons" /> : <Failed failure={failure} />;
  }
  const nowMs = Date.now();
  const declines = standingOf(value, nowMs)?.isBarren ?? false;
  return (
    <div class="stack">
      <StandingNote cluster={cluster} explanation={value} nowMs={nowMs} />
      {value.paused ? (
        <p class="bar" data-kind="warn">
          A master that is new waits for agents before it offers anything, since there are quotas.
        </p>
      ) : null}
      {(value.roles_left ?? []).length === 0 ? null : (
        <p class="bar" data-kind="warn">
          {counted(value.roles_left?.length ?? 0, 'more role')} would take too long to look at in
          one go. Choose a role above.
        </p>
      )}
      {(value.roles ?? []).map((reasons) => (
        <section key={reasons.role} class="panel">
          <h2>
            Role <Name text={reasons.role} />
          </h2>
          <p class="quiet">
            Of {counted(value.agents, 'agent')} it has {counted(reasons.on_offer, 'agent')} on offer
            now.
          </p>
          {reasons.fit === undefined ? null : <DemandFit fit={reasons.fit} />}
          {reasons.fit === undefined ? null : <h3 class="section">Its agents</h3>}
          <ul class="reasons">
            {steadyGroups(reasons.groups ?? [], nowMs, declines).map((group) => (
              <Reason key={group.reason} cluster={cluster} group={group} nowMs={nowMs} />
            ))}
          </ul>
        </section>
      ))}
    </div>
  );
}

interface StandingNoteProps {
  readonly cluster: Cluster;
  readonly explanation: Explanation;
  readonly nowMs: number;
}

/** Before all reasons: none of them is why one has nothing that declines its offers. */
function StandingNote({ cluster, explanation, nowMs }: StandingNoteProps) {
  const standing = standingOf(explanation, nowMs);
  if (standing === undefined) {
    return null;
  }
  const { text, advice, isBarren } = standing;
  return (
    <section class="panel">
      <h2>What it does with its offers</h2>
      <p>
        <Badge kind={isBarren ? 'warn' : 'done'} text="Declines" /> <strong>{text}</strong>
      </p>
      <p>{advice}</p>
      <p class="quiet">
        The most that an agent has:{' '}
        {amountsWords(greatestOf([...cluster.agents.values()].map(({ total }) => total))) ||
          'nothing'}
        .
      </p>
    </section>
  );
}

interface ReasonProps {
  readonly cluster: Cluster;
  readonly group: ReasonGroup;
  readonly nowMs: number;
}

function Reason({ cluster, group, nowMs }: ReasonProps) {
  const { kind, text, details, remedy } = explanationWords(group, nowMs);
  return (
    <li>
      <p>
        <Badge kind={kind} text={kind === 'good' ? 'Yes' : 'Not'} /> <strong>{text}</strong>
      </p>
      {details.map((detail) => (
        <p key={detail}>
          <Name text={detail} />
        </p>
      ))}
      {remedy === undefined ? null : <p>{remedy}</p>}
      <Examples cluster={cluster} group={group} />
    </li>
  );
}

function Examples({
  cluster,
  group: { agents, examples = [] },
}: {
  cluster: Cluster;
  group: ReasonGroup;
}) {
  const shown = examples.slice(0, MAX_EXAMPLES);
  return (
    <p class="quiet">
      {shown.map(({ value }, index) => (
        <span key={value}>
          {index === 0 ? '' : ', '}
          <a href={href(['agents', value])}>
            <Name text={agentName(cluster.agent(value)) ?? value} title={value} />
          </a>
        </span>
      ))}
      {agents > shown.length && shown.length > 0 ? ' …' : ''}
    </p>
  );
}

function DemandFit({ fit }: { fit: Fit }) {
  const { offered, possible, impossible, lacking = [], impossible_by = [], quotas = [] } = fit;
  const { kind, word, text } = verdictOf(fit);
  return (
    <>
      <h3 class="section">The demand</h3>
      <p>
        <Badge kind={kind} text={word} /> <strong>{text}</strong>
      </p>
      <ul class="lines">
        {quotas.map((quota) => (
          <li key={quota.resource}>
            <Name text={`${limitWords(quota)} in use: less than the demand is left.`} />
          </li>
        ))}
        <li>An offer of {counted(offered, 'agent')} would hold it.</li>
        {lacking.map((shortage) => (
          <li key={shortage.resource}>Offers of {shortageWords(shortage)}.</li>
        ))}
        <li>
          {counted(possible, 'agent')} could hold it with nothing else on them; {impossible} never
          could.
        </li>
        {impossible_by.map((shortage) => (
          <li key={shortage.resource}>Never: {shortageWords(shortage)}.</li>
        ))}
      </ul>
    </>
  );
}
