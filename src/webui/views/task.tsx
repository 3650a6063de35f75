// One task: its life in words, what it has, and its files.

import { type Task, TaskState } from '../../model/generated/messages.ts';
import { Fact, Facts, Id, Tags } from '../components/facts.tsx';
import { FileBrowser } from '../components/file-browser.tsx';
import { Name } from '../components/name.tsx';
import { Empty, Failed, Loading } from '../components/notices.tsx';
import { useReading } from '../components/reading.ts';
import { Ago } from '../components/time.tsx';
import { Timeline } from '../components/timeline.tsx';
import { href } from '../locations/location.ts';
import type { TaskRow } from '../store/rows.ts';
import type { Seen } from '../store/shapes.ts';
import { listFiles } from '../stream/agent-files.ts';
import { RequestFailure } from '../stream/requests.ts';
import { agentCondition, agentName } from '../words/conditions.ts';
import { resourceWords } from '../words/resources.ts';
import {
  addressWords,
  checkWords,
  healthWords,
  limitWords,
  portWords,
  volumeWords,
} from '../words/task-facts.ts';
import { LastWords, TaskCommand } from './task-command.tsx';
import { TaskGroup } from './task-group.tsx';
import { type FoundTask, NoSuchTask, TaskHead, useTask } from './task-head.tsx';
import { TaskUse } from './task-use.tsx';
import type { Names } from './views.ts';

export function TaskView({ names }: { names: Names }) {
  const found = useTask(names);
  if (found === undefined) {
    return <NoSuchTask {...names} />;
  }
  const { cluster, row } = found;
  const details = row.details();
  const statuses = details.statuses ?? [];
  return (
    <>
      <TaskHead row={row} />
      <div class="split">
        <section class="panel">
          <h2>Life</h2>
          {statuses.length === 0 ? (
            <p class="quiet">Nothing was told of it yet.</p>
          ) : (
            <Timeline statuses={statuses} />
          )}
          {row.state === TaskState.TASK_FAILED && row.executorId === row.id ? (
            <LastWords row={row} />
          ) : null}
        </section>
        <div class="stack">
          <TaskFacts cluster={cluster} row={row} details={details} />
          {cluster.agents.has(row.agentId) ? <TaskCommand row={row} /> : null}
          <TaskUse row={row} />
          <TaskGroup cluster={cluster} row={row} />
        </div>
      </div>
    </>
  );
}

interface TaskFactsProps extends FoundTask {
  readonly details: Seen<Task>;
}

function TaskFacts({ cluster, row, details }: TaskFactsProps) {
  const { container, health_check, kill_policy, user } = details;
  const agent = cluster.agent(row.agentId);
  const framework = cluster.frameworks.get(row.frameworkId);
  const image =
    container?.docker?.image ??
    container?.mesos?.image?.docker?.name ??
    container?.mesos?.image?.appc?.name;
  const lists = {
    Limits: limitWords(details),
    Addresses: addressWords(details),
    Ports: portWords(details),
    Volumes: (container?.volumes ?? []).map(volumeWords),
  };
  const check = checkWords(
    details.statuses?.findLast(({ check_status }) => check_status !== undefined)?.check_status,
  );
  return (
    <section class="panel">
      <h2>Facts</h2>
      <Facts>
        <Fact name="Id">
          <Id text={row.id} what="the id of the task" />
        </Fact>
        <Fact name="Framework">
          <a href={href(['frameworks', row.frameworkId])}>
            <Name text={framework?.name || row.frameworkId} title={row.frameworkId} />
          </a>
        </Fact>
        <Fact name="Agent">
          <a href={href(['agents', row.agentId])}>
            <Name text={agentName(agent) ?? row.agentId} title={row.agentId} />
          </a>
          {agent === undefined ? (
            <span class="quiet"> not registered now</span>
          ) : agent.loss === undefined ? null : (
            <span class="quiet"> {agentCondition(agent).text.toLowerCase()} now</span>
          )}
        </Fact>
        <Fact name="Executor">
          {row.executorId === row.id ? null : (
            <a href={href(['tasks'], { ...executorOf(row), state: 'all' })}>
              <Name text={row.executorId} />
            </a>
          )}
        </Fact>
        <Fact name="Role">
          <Name text={row.role} />
        </Fact>
        <Fact name="User">{user === undefined ? null : <Name text={user} />}</Fact>
        <Fact name="First heard of">{row.startedMs === 0 ? null : <Ago ms={row.startedMs} />}</Fact>
        <Fact name="Resources">
          <ul>
            {(details.resources ?? []).map((resource, index) => (
              <li key={index}>{resourceWords(resource)}</li>
            ))}
          </ul>
        </Fact>
        <Fact name="Image">{image === undefined ? null : <Name text={image} />}</Fact>
        <Fact name="To be found as">
          {details.discovery?.name === undefined ? null : <Name text={details.discovery.name} />}
        </Fact>
        {Object.entries(lists).map(([name, texts]) => (
          <Fact key={name} name={name}>
            {texts.length === 0 ? null : <Tags texts={texts} />}
          </Fact>
        ))}
        <Fact name="Health">
          {health_check === undefined ? null : healthWords(health_check, row.healthy)}
        </Fact>
        <Fact name="Last check">{check}</Fact>
        <Fact name="Time to end">
          {kill_policy?.grace_period?.nanoseconds === undefined
            ? null
            : `${kill_policy.grace_period.nanoseconds / 1000} s before it is killed for good`}
        </Fact>
        <Fact name="Labels">{row.labels?.length ? <Tags texts={row.labels} /> : null}</Fact>
      </Facts>
    </section>
  );
}

const executorOf = ({ frameworkId, agentId, executorId }: TaskRow) => ({
  framework: frameworkId,
  agent: agentId,
  executor: executorId,
});

export function TaskFilesView({ names }: { names: Names }) {
  const found = useTask(names);
  return found === undefined ? (
    <NoSuchTask {...names} />
  ) : (
    <>
      <TaskHead row={found.row} />
      {found.cluster.agents.has(found.row.agentId) ? (
        <TaskFiles row={found.row} />
      ) : (
        <AwayFiles row={found.row} />
      )}
    </>
  );
}

/** What an operator can still do where the agent does not answer. */
const AwayFiles = ({ row: { frameworkId, executorId, agentId } }: { row: TaskRow }) => (
  <Empty title="The agent of this task is away">
    It is not registered now (<a href={href(['agents', agentId])}>what is known of it</a>), so that
    its files cannot be read through the master. On its disk they are below its --work_dir, unless
    they were removed:{' '}
    <Id
      text={`slaves/${agentId}/frameworks/${frameworkId}/executors/${executorId}/runs/latest`}
      what="the path"
    />
  </Empty>
);

const EVERY_MS = 30_000;

/** Tasks of a group have a folder in that of their executor. */
function TaskFiles({ row: { frameworkId, executorId, agentId, id } }: { row: TaskRow }) {
  const sandbox = `/frameworks/${frameworkId}/executors/${executorId}/runs/latest`;
  const own = `${sandbox}/tasks/${id}`;
  const { value: root, failure } = useReading(`${agentId} ${own}`, EVERY_MS, async (signal) => {
    if (executorId === id) {
      return sandbox;
    }
    const isThere = await listFiles(agentId, own, signal).then(
      () => true,
      (error: unknown) => {
        if (error instanceof RequestFailure && error.status === 404) {
          return false;
        }
        throw error;
      },
    );
    return isThere ? own : sandbox;
  });
  if (root === undefined) {
    return failure === undefined ? <Loading what="files" /> : <Failed failure={failure} />;
  }
  return <FileBrowser agent={agentId} root={root} />;
}
