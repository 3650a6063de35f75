// `mesoscale agent drain`: its tasks are ended, and nothing is offered of it any more.
import { setTimeout as wait } from 'node:timers/promises';
import { CallRefusedError } from '../../../http/client/scheduler-client.ts';
import {
  type MasterResponse_GetAgents_Agent as Agent,
  DrainState,
  type Duration,
  MasterCall_Type,
} from '../../../model/generated/messages.ts';
import { Cluster } from '../connection/cluster.ts';
import { agentId, isRecovered, knownAgentsOf } from '../connection/things.ts';
import { performEach } from '../deeds.ts';
import { tasksText } from '../ending-tasks.ts';
import { machineOf, scheduleOf } from '../maintenance/machines.ts';
import { machineKey, scheduledMachines } from '../maintenance/windows.ts';
import { CommandError, EXIT, outcomeOf } from '../outcome.ts';
import { printable } from '../output/printable.ts';
import type { Asked } from '../verb.ts';
import { agentName, chosenAgents, withoutDrained } from './chosen-agents.ts';
import type { AGENT_DRAIN_FLAGS } from './flags.ts';

const UNAVAILABLE = 503;
const MS_PER_SECOND = 1000;
const NS_PER_MS = 1_000_000;

export async function drain({ words, values }: Asked<typeof AGENT_DRAIN_FLAGS>): Promise<void> {
  const { grace, gone } = values;
  const cluster = await Cluster.of(values);
  const chosen = await chosenAgents(cluster, words, values);
  // One that is drained can still be marked gone.
  const { agents, who } = gone ? chosen : withoutDrained(chosen);
  if (agents.length === 0) {
    return;
  }
  const ids = new Set(agents.map(agentId));
  const [ends, scheduled] = await Promise.all([
    tasksText(cluster, ({ agent_id }) => ids.has(agent_id.value)),
    scheduledOf(cluster, agents),
  ]);
  const end = ends.count === 1 ? 'ends' : 'end';
  const after = gone
    ? agents.length === 1
      ? 'then it is marked gone and never admitted again.'
      : 'then they are marked gone and never admitted again.'
    : 'nothing is offered there until reactivated.';
  const isSent = await performEach(
    cluster,
    {
      consequence: `Drains ${who}: ${ends.text} ${end}, and ${after}${refusedText(agents.length, scheduled.size)}`,
      steps: agents.map((agent) => ({
        subject: agentName(agent),
        call: {
          type: MasterCall_Type.DRAIN_AGENT,
          drain_agent: {
            agent_id: { value: agentId(agent) },
            ...(grace !== undefined && { max_grace_period: durationOf(grace) }),
            ...(gone && { mark_gone: true }),
          },
        },
        done: `${agentName(agent)} drains`,
        hint: scheduled.has(agent) ? SCHEDULED : undefined,
      })),
    },
    values,
  );
  if (isSent && values.wait) {
    await drained(cluster, agents, values);
  }
}

/** Masters drain no machine that is in the schedule: frameworks are asked to leave it already. */
const SCHEDULED =
  'mesoscale maintenance remove takes the machine out of the schedule, after which it can be ' +
  'drained; or mesoscale maintenance down ends what is there at once';

/** Those on machines of the schedule; none where who asks may not see it. */
async function scheduledOf(
  cluster: Cluster,
  agents: readonly Agent[],
): Promise<ReadonlySet<Agent>> {
  const schedule = await scheduleOf(cluster).catch((error: unknown) => {
    if (error instanceof CallRefusedError) {
      return {};
    }
    throw error;
  });
  const keys = new Set(scheduledMachines(schedule).map(({ id }) => machineKey(id)));
  return new Set(agents.filter((agent) => keys.has(machineKey(machineOf(agent)))));
}

function refusedText(all: number, refused: number): string {
  if (refused === 0) {
    return '';
  }
  const some = refused === all ? 'All are' : `${refused} of them ${refused === 1 ? 'is' : 'are'}`;
  return ` ${all === 1 ? 'It is' : some} scheduled for maintenance, and will be refused.`;
}

function durationOf(ms: number): Duration {
  const seconds = Math.floor(ms / MS_PER_SECOND);
  return { seconds, nanos: Math.round((ms - seconds * MS_PER_SECOND) * NS_PER_MS) };
}

const LEAST_WAIT_MS = 500;
/** To wait costs the master no more than this part of its time. */
const PART_OF_TIME = 20;

/** Rejects with CommandError where one does not get there. */
async function drained(
  first: Cluster,
  agents: readonly Agent[],
  values: Asked<typeof AGENT_DRAIN_FLAGS>['values'],
): Promise<void> {
  const left = new Map(agents.map((agent) => [agentId(agent), agent]));
  for (let cluster: Cluster | undefined = first; ; ) {
    const beganMs = performance.now();
    cluster ??= await whileMasterIsAway(Cluster.of(values));
    const known = cluster && (await whileMasterIsAway(knownAgentsOf(cluster)));
    const tookMs = performance.now() - beganMs;
    if (known === undefined) {
      cluster = undefined;
    } else {
      takeDrained(left, known, values.gone);
    }
    if (left.size === 0) {
      return;
    }
    await wait(Math.max(LEAST_WAIT_MS, tookMs * PART_OF_TIME));
  }
}

/** Undefined where no master answers: another one will, which knows of the drains. */
async function whileMasterIsAway<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    const outcome = outcomeOf(error);
    const isAway = outcome.status === EXIT.unreachable;
    // It has just been elected, and reads what the one before it has left.
    const isNew = error instanceof CallRefusedError && error.status === UNAVAILABLE;
    if (isAway || isNew) {
      process.stderr.write(`${printable(outcome.message.trim())}; waiting goes on\n`);
      return undefined;
    }
    throw error;
  }
}

/** Throws CommandError where one of those that are left does not drain any more. */
function takeDrained(left: Map<string, Agent>, known: readonly Agent[], gone: boolean): void {
  const now = new Map(known.map((agent) => [agentId(agent), agent]));
  for (const [id, agent] of left) {
    const present = now.get(id);
    const done = doneText(present, gone);
    if (done !== undefined) {
      left.delete(id);
      process.stdout.write(`${printable(agentName(agent))} ${done}\n`);
    } else if (present === undefined || (!isRecovered(present) && !present.drain_info)) {
      const why = present === undefined ? 'is not registered any more' : 'drains no more';
      throw new CommandError(EXIT.failed, `${agentName(agent)} ${why}; it was not drained`);
    }
  }
}

/** Undefined as long as it drains. */
function doneText(agent: Agent | undefined, gone: boolean): string | undefined {
  if (agent === undefined) {
    return gone ? 'is gone' : undefined;
  }
  return agent.drain_info?.state === DrainState.DRAINED ? 'is drained' : undefined;
}
