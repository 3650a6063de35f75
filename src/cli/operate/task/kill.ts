// `mesoscale task kill`, which Apache Mesos leaves to a task's framework alone.
import { MasterCall_Type, type Task } from '../../../model/generated/messages.ts';
import { isTerminal } from '../../../model/task-state.ts';
import { plainName } from '../../../webui/words/names.ts';
import { counted } from '../../counted.ts';
import { Cluster } from '../connection/cluster.ts';
import { ownCall } from '../connection/own-call.ts';
import { tasksNamed } from '../connection/tasks.ts';
import { frameworkNames } from '../connection/things.ts';
import { performEach } from '../deeds.ts';
import { CommandError, EXIT } from '../outcome.ts';
import type { Asked } from '../verb.ts';
import type { TASK_KILL_FLAGS } from './flags.ts';

const NS_PER_MS = 1_000_000n;

export async function killTasks({ words, values }: Asked<typeof TASK_KILL_FLAGS>): Promise<void> {
  const cluster = await Cluster.of(values);
  const [tasks, frameworks] = await Promise.all([
    tasksNamed(cluster, words, values.framework),
    frameworkNames(cluster),
  ]);
  const meant = [...new Set(tasks)];
  for (const { state, task_id } of meant) {
    if (isTerminal(state)) {
      throw new CommandError(EXIT.failed, `task '${task_id.value}' has ended already`);
    }
  }
  const kill_policy = values.grace === undefined ? undefined : policyOf(values.grace);
  const called = ({ task_id, framework_id }: Task) =>
    plainName(`${task_id.value} of ${frameworks.nameOf(framework_id.value)}`);
  await performEach(
    { address: cluster.address, where: cluster.where, master: (call) => ownCall(cluster, call) },
    {
      consequence: `Kills ${counted(meant.length, 'task')}: ${meant.map(called).join(', ')}. Their frameworks are told, and may start others.`,
      steps: meant.map((task) => ({
        subject: called(task),
        call: {
          type: MasterCall_Type.KILL_TASK,
          kill_task: {
            framework_id: task.framework_id,
            task_id: task.task_id,
            ...(kill_policy && { kill_policy }),
          },
        },
        done: `${called(task)} is told to end`,
      })),
    },
    values,
  );
}

const policyOf = (graceMs: number) => ({
  grace_period: { nanoseconds: BigInt(Math.round(graceMs)) * NS_PER_MS },
});
