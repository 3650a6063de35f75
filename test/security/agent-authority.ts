// Who may change what of an agent, and have it do what: its master, executors by their tokens, and
// operators by the authorizer of test/oracle. No code of the agent has a say.
import type { AgentState } from '../../src/agent/agent.ts';
import type { AgentEffect } from '../../src/agent/effects.ts';
import type { AgentEvent } from '../../src/agent/events.ts';
import type { Executor } from '../../src/agent/executors/executor.ts';
import type { ExecutorInfo, FrameworkInfo, TaskInfo } from '../../src/model/generated/messages.ts';
import type { ContainerId } from '../../src/model/ids.ts';
import type { Action } from '../../src/security/authorizer.ts';
import type { ReferenceAuthorizer } from '../oracle/authorizer.ts';

/** What is asked of an agent, and what it knew before. */
export interface Asked {
  readonly event: AgentEvent;
  readonly reference: ReferenceAuthorizer;
  readonly agent: AgentState;
  /** By container, before the event. */
  readonly executors: ReadonlyMap<ContainerId, Executor>;
  /** Pid of the master that the agent followed. */
  readonly master: string | undefined;
}

const addressOf = (pid: string | undefined) => pid?.split('@')[1];

/** A fact by its key (agent-facts.ts). */
interface Change {
  readonly key: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** Whether the fact may change by what is asked. */
export function mayChange(change: Change, asked: Asked): boolean {
  const { key } = change;
  const { event, master } = asked;
  switch (event.type) {
    case 'operatorCall':
      return false;
    case 'executorCall':
    case 'executorSubscribe': {
      const { framework_id, executor_id } = event.call;
      const own = `${framework_id.value} ${executor_id.value}`;
      return (
        ['executor', 'stream', 'tasks'].some((kind) => key === `${kind} ${own}`) &&
        isOwnToken(asked)
      );
    }
    case 'masterMessage':
      if (event.message.name === 'PingAgentMessage') {
        return addressOf(event.from) === addressOf(master);
      }
      return event.from === master && (!isMore(change) || mayLaunch(asked));
    default:
      return true;
  }
}

/** Whether there is an executor or a task more than before. */
const isMore = ({ key, before, after }: Change) =>
  (key.startsWith('executor') && before === undefined) ||
  (key.startsWith('tasks') && (after?.length ?? 0) > (before?.length ?? EMPTY.length));

const EMPTY = '[[],[]]';

/** Whether the executor that is named is the one that the token names. */
function isOwnToken({ event, executors }: Asked): boolean {
  if (event.type !== 'executorCall' && event.type !== 'executorSubscribe') {
    return false;
  }
  const { framework_id, executor_id } = event.call;
  return [...executors.values()].some(
    ({ frameworkId, executorId, containerId, builtin }) =>
      frameworkId === framework_id.value &&
      executorId === executor_id.value &&
      (builtin === undefined
        ? event.principal?.claims?.fid === frameworkId &&
          event.principal.claims.eid === executorId &&
          event.principal.claims.cid === containerId
        : event.isBuiltin === true),
  );
}

/** Whether the framework may run as each user that is named; true of what launches nothing. */
function mayLaunch({ event, reference }: Asked): boolean {
  if (event.type !== 'masterMessage') {
    return false;
  }
  const { name, body } = event.message;
  const may = ({ user, principal }: FrameworkInfo, tasks: TaskInfo[], executor?: ExecutorInfo) =>
    tasks
      .map(
        (it) => it.command?.user ?? it.executor?.command?.user ?? executor?.command?.user ?? user,
      )
      .every((value) =>
        reference.authorize(
          principal === undefined ? undefined : { value: principal },
          'RUN_TASK',
          {
            value,
          },
        ),
      );
  switch (name) {
    case 'RunTaskMessage':
      return may(body.framework, [body.task]);
    case 'RunTaskGroupMessage':
      return may(body.framework, body.task_group.tasks ?? [], body.executor);
    default:
      return true;
  }
}

const FREE: ReadonlySet<AgentEffect['type']> = new Set<AgentEffect['type']>([
  'reply',
  'openStream',
  'closeStream',
  'log',
  'audit',
  'auditDisbelief',
  'setTimer',
  'clearTimer',
]);

/** Whether what is asked may have this effect. */
export function mayDoEffect(effect: AgentEffect, asked: Asked): boolean {
  const { event, master } = asked;
  if (FREE.has(effect.type)) {
    return true;
  }
  switch (event.type) {
    case 'operatorCall':
      return effect.type === 'pruneImages' ||
        effect.type === 'listImages' ||
        effect.type === 'pullImage'
        ? asked.reference.authorize(event.principal, 'PRUNE_IMAGES')
        : mayTouchContainer(effect, asked);
    case 'executorCall':
    case 'executorSubscribe':
      return isOwnToken(asked);
    case 'masterMessage':
      return event.message.name === 'PingAgentMessage'
        ? effect.type === 'sendToMaster' && addressOf(effect.to) === addressOf(event.from)
          ? true
          : addressOf(event.from) === addressOf(master)
        : event.from === master && (effect.type !== 'launchExecutor' || mayLaunch(asked));
    default:
      return true;
  }
}

/** What the default executor may do below its own container without a rule. */
const IMPLICIT: ReadonlySet<Action> = new Set<Action>([
  'LAUNCH_NESTED_CONTAINER',
  'LAUNCH_NESTED_CONTAINER_SESSION',
  'WAIT_NESTED_CONTAINER',
  'KILL_NESTED_CONTAINER',
  'REMOVE_NESTED_CONTAINER',
  'ATTACH_CONTAINER_OUTPUT',
]);

function mayTouchContainer(effect: AgentEffect, asked: Asked): boolean {
  const { event, reference, executors } = asked;
  const action = actionOf(effect);
  if (event.type !== 'operatorCall' || action === undefined || !('containerId' in effect)) {
    return false;
  }
  const { containerId } = effect;
  const root = containerId.split('.', 1)[0] ?? '';
  const { principal } = event;
  if (principal !== undefined && principal.value === undefined) {
    return IMPLICIT.has(action) && principal.claims?.cid === root;
  }
  const executor = executors.get(root as ContainerId);
  const command = effect.type === 'launchContainer' ? effect.command : undefined;
  return reference.authorize(principal, action, {
    executor: executor?.info,
    framework: executor?.framework.info,
    command: command && { ...command, ...userOf(command.user ?? event.userAbove) },
  });
}

const userOf = (user: string | undefined) => (user === undefined ? {} : { user });

function actionOf(effect: AgentEffect): Action | undefined {
  const isNested = 'containerId' in effect && effect.containerId.includes('.');
  switch (effect.type) {
    case 'launchContainer':
      if (effect.isSession) {
        return 'LAUNCH_NESTED_CONTAINER_SESSION';
      }
      return isNested ? 'LAUNCH_NESTED_CONTAINER' : 'LAUNCH_STANDALONE_CONTAINER';
    case 'waitContainer':
      return isNested ? 'WAIT_NESTED_CONTAINER' : 'WAIT_STANDALONE_CONTAINER';
    case 'killContainer':
      return isNested ? 'KILL_NESTED_CONTAINER' : 'KILL_STANDALONE_CONTAINER';
    case 'removeContainer':
      return isNested ? 'REMOVE_NESTED_CONTAINER' : 'REMOVE_STANDALONE_CONTAINER';
    case 'attachContainer':
      return effect.to === 'input' ? 'ATTACH_CONTAINER_INPUT' : 'ATTACH_CONTAINER_OUTPUT';
    default:
      return undefined;
  }
}
