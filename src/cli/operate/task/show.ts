// `mesoscale task show`: one task, and its life.
import { containerIdOf } from '../../../model/container-id.ts';
import type { Task, TaskStatus } from '../../../model/generated/messages.ts';
import { formatResources } from '../../../model/resource-text.ts';
import { taskStateName } from '../../../model/task-state.ts';
import { reasonWords, sourceWords } from '../../../webui/words/reasons.ts';
import {
  addressWords,
  checkWords,
  healthWords,
  limitWords,
  portWords,
  volumeWords,
} from '../../../webui/words/task-facts.ts';
import { stateWords } from '../../../webui/words/task-states.ts';
import { jsonValue } from '../../../wire/json.ts';
import { types } from '../../../wire/types.ts';
import { Cluster } from '../connection/cluster.ts';
import { containerOf, taskOf } from '../connection/tasks.ts';
import { agentNames, frameworkNames, type Names } from '../connection/things.ts';
import { type Fact, factsText } from '../output/facts-text.ts';
import { presentOne } from '../output/present.ts';
import { spanText } from '../times.ts';
import type { Asked } from '../verb.ts';
import type { TASK_SHOW_FLAGS } from './flags.ts';

export async function showTask({ words, values }: Asked<typeof TASK_SHOW_FLAGS>): Promise<void> {
  const cluster = await Cluster.of(values);
  await presentOne(values, async () => {
    const [task, frameworks] = await Promise.all([
      taskOf(cluster, words[0] ?? '', values.framework),
      frameworkNames(cluster),
    ]);
    const agents = await agentNames(cluster, { word: task.agent_id.value });
    return {
      name: task.task_id.value,
      json: jsonValue(types.Task, task),
      text: (screen) =>
        factsText(
          factsOf(task, frameworks, agents),
          [
            {
              heading: 'Life',
              table: {
                columns: [
                  { title: 'TIME' },
                  { title: 'STATE' },
                  { title: 'SAID BY' },
                  { title: 'WHY' },
                ],
                rows: lifeOf(task, Date.now()),
                hasTitles: true,
              },
            },
          ],
          screen,
        ),
    };
  });
}

function factsOf(task: Task, frameworks: Names, agents: Names): readonly Fact[] {
  const { container, health_check, labels, resources, executor_id, statuses = [] } = task;
  const last = statuses.at(-1);
  const held = containerOf(task);
  const called = (names: Names, id: string) => {
    const name = names.nameOf(id);
    return name === id ? id : `${name} (${id})`;
  };
  return [
    ['ID', task.task_id.value],
    ['Name', task.name],
    ['State', `${taskStateName(task.state)}: ${meaning(task.state)}`],
    ['Framework', called(frameworks, task.framework_id.value)],
    ['Agent', called(agents, task.agent_id.value)],
    ['Executor', executor_id?.value],
    ['Container', held && containerIdOf(held)],
    ['User', task.user],
    ['Role', resources?.find((each) => each.allocation_info)?.allocation_info?.role],
    ['Resources', formatResources(resources ?? [])],
    ['Limits', limitWords(task).join(', ')],
    ['Addresses', addressWords(task).join('\n')],
    ['Ports', portWords(task).join('\n')],
    ['Volumes', (container?.volumes ?? []).map(volumeWords).join('\n')],
    ['Image', imageOf(task)],
    ['Terminal', container?.tty_info && 'it has one: `mesoscale task attach`'],
    ['Health', health_check && healthWords(health_check, last?.healthy)],
    ['Check', checkWords(statuses.findLast((each) => each.check_status)?.check_status)],
    [
      'Labels',
      (labels?.labels ?? [])
        .map(({ key, value }) => (value === undefined ? key : `${key}=${value}`))
        .join('\n'),
    ],
  ];
}

function imageOf({ container }: Task): string | undefined {
  const { docker, appc } = container?.mesos?.image ?? {};
  return container?.docker?.image ?? docker?.name ?? appc?.name;
}

/** What a state means, as a sentence goes on. */
function meaning(state: number): string {
  const { means } = stateWords(state);
  return means.charAt(0).toLowerCase() + means.slice(1).replace(/\.$/, '');
}

/** The oldest first. */
function lifeOf({ statuses = [] }: Task, nowMs: number): readonly (readonly string[])[] {
  return statuses.map((status, at) => {
    const { timestamp = 0, state, source } = status;
    const before = statuses[at - 1]?.timestamp;
    return [
      before === undefined
        ? `${timeText(timestamp)} (${spanText(nowMs - timestamp * 1000)} ago)`
        : `${timeText(timestamp)} (after ${spanText((timestamp - before) * 1000)})`,
      taskStateName(state),
      sourceWords(source) ?? '',
      why(status),
    ];
  });
}

function why({ state, reason, message, healthy, check_status }: TaskStatus): string {
  const words = reasonWords(reason) ?? stateWords(state).means;
  return [
    words.replace(/\.$/, ''),
    ...(healthy === undefined ? [] : [healthy ? 'healthy' : 'not healthy']),
    checkWords(check_status) ?? '',
    message ?? '',
  ]
    .filter((part) => part !== '')
    .join('; ');
}

/** ISO 8601, in UTC, to the second. */
const timeText = (seconds: number) =>
  new Date(seconds * 1000).toISOString().replace(/\.\d+Z$/, 'Z');
