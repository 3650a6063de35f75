// Why a task has a state, in words.
import { TaskStatus_Reason as Reason, TaskStatus_Source } from '../../model/generated/messages.ts';

const WORDS: Readonly<Record<Reason, string>> = {
  [Reason.REASON_COMMAND_EXECUTOR_FAILED]: 'The program that runs its command has failed.',
  [Reason.REASON_CONTAINER_LAUNCH_FAILED]: 'Its container could not be started.',
  [Reason.REASON_CONTAINER_LIMITATION]: 'Its container took more than it was given.',
  [Reason.REASON_CONTAINER_LIMITATION_DISK]: 'It wrote more to its disk than it was given.',
  [Reason.REASON_CONTAINER_LIMITATION_MEMORY]: 'It took more memory than it was given.',
  [Reason.REASON_CONTAINER_PREEMPTED]: 'Its resources, which could be taken back, were.',
  [Reason.REASON_CONTAINER_UPDATE_FAILED]: 'The limits of its container could not be changed.',
  [Reason.REASON_MAX_COMPLETION_TIME_REACHED]: 'It ran for longer than it was allowed to.',
  [Reason.REASON_EXECUTOR_REGISTRATION_TIMEOUT]: 'Its executor did not come in time.',
  [Reason.REASON_EXECUTOR_REREGISTRATION_TIMEOUT]:
    'Its executor did not come back in time after the agent was restarted.',
  [Reason.REASON_EXECUTOR_TERMINATED]: 'Its executor has ended.',
  [Reason.REASON_EXECUTOR_UNREGISTERED]: 'Its executor has never come.',
  [Reason.REASON_FRAMEWORK_REMOVED]: 'Its framework was removed.',
  [Reason.REASON_GC_ERROR]: 'Old files of its agent could not be dealt with.',
  [Reason.REASON_INVALID_FRAMEWORKID]: 'Its framework is not known.',
  [Reason.REASON_INVALID_OFFERS]: 'The offer that it was started with was no longer good.',
  [Reason.REASON_IO_SWITCHBOARD_EXITED]: 'What carries its input and output has ended.',
  [Reason.REASON_MASTER_DISCONNECTED]: 'The master could not be reached.',
  [Reason.REASON_RECONCILIATION]: 'The framework has asked how it is.',
  [Reason.REASON_RESOURCES_UNKNOWN]: 'Its agent does not have the resources that it asks for.',
  [Reason.REASON_AGENT_DISCONNECTED]: 'The connection to its agent is lost.',
  [Reason.REASON_AGENT_DRAINING]: 'Its agent is being drained.',
  [Reason.REASON_AGENT_REMOVED]: 'Its agent was removed.',
  [Reason.REASON_AGENT_REMOVED_BY_OPERATOR]: 'An operator has marked its agent as gone.',
  [Reason.REASON_AGENT_REREGISTERED]: 'Its agent has come back.',
  [Reason.REASON_AGENT_RESTARTED]: 'Its agent was restarted.',
  [Reason.REASON_AGENT_UNKNOWN]: 'Its agent is not known.',
  [Reason.REASON_TASK_KILLED_DURING_LAUNCH]: 'It was killed before it had begun.',
  [Reason.REASON_TASK_CHECK_STATUS_UPDATED]: 'Its check has another outcome.',
  [Reason.REASON_TASK_HEALTH_CHECK_STATUS_UPDATED]: 'Its health check has another outcome.',
  [Reason.REASON_TASK_GROUP_INVALID]: 'The description of its group is wrong.',
  [Reason.REASON_TASK_GROUP_UNAUTHORIZED]: 'Its group is not allowed.',
  [Reason.REASON_TASK_INVALID]: 'Its description is wrong.',
  [Reason.REASON_TASK_UNAUTHORIZED]: 'It is not allowed.',
  [Reason.REASON_TASK_UNKNOWN]: 'It is not known.',
};

/** Undefined where there is none, or none that the page knows. */
export const reasonWords = (reason: number | undefined): string | undefined =>
  reason === undefined ? undefined : WORDS[reason as Reason];

const SOURCES: Readonly<Record<TaskStatus_Source, string>> = {
  [TaskStatus_Source.SOURCE_MASTER]: 'master',
  [TaskStatus_Source.SOURCE_AGENT]: 'agent',
  [TaskStatus_Source.SOURCE_EXECUTOR]: 'executor',
};

/** Who has said so. */
export const sourceWords = (source: number | undefined): string | undefined =>
  source === undefined ? undefined : SOURCES[source as TaskStatus_Source];
