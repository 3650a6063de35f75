// A task's way through the logs of master and agents: what passes between them about it, each time
// with the words `task T of framework F`, by which the lines of all are found. While the log is
// verbose all of it is told; else only that a task has failed, or may have.
import type { MessageToAgent, MessageToMaster } from '../model/agent-messages.ts';
import { enumNames } from '../model/enum-names.ts';
import {
  type StatusUpdate,
  type TaskInfo,
  TaskState,
  TaskStatus_Reason,
} from '../model/generated/messages.ts';
import { formatUuid } from '../model/random.ts';
import { taskStateName } from '../model/task-state.ts';
import type { AboutTask, ProcessLogger } from './logger.ts';

/** Which way a message goes, from or to whom. */
type Way = `${'from' | 'to'} ${string}`;

/** What an operator looks for without being asked to. */
const TROUBLES: ReadonlySet<TaskState> = new Set([
  TaskState.TASK_FAILED,
  TaskState.TASK_ERROR,
  TaskState.TASK_LOST,
  TaskState.TASK_DROPPED,
  TaskState.TASK_GONE,
]);

/** A message of a task may be as long as it likes. */
const MOST_SHOWN = 500;

export class TaskTrail {
  readonly #logger: Pick<ProcessLogger, 'verbosity' | 'write'>;

  constructor(logger: Pick<ProcessLogger, 'verbosity' | 'write'>) {
    this.#logger = logger;
  }

  tellsOf({ name, body }: MessageToAgent | MessageToMaster): boolean {
    return (
      this.#logger.verbosity > 0 ||
      (name === 'StatusUpdateMessage' && TROUBLES.has(body.update.status.state))
    );
  }

  /** Looks at a message that comes or goes. */
  passes(message: MessageToAgent | MessageToMaster, way: Way): void {
    if (!this.tellsOf(message)) {
      return;
    }
    switch (message.name) {
      case 'StatusUpdateMessage':
        this.#update(message.body.update, way);
        return;
      case 'RunTaskMessage':
        this.#launches([message.body.task], message.body.framework.id?.value, way);
        return;
      case 'RunTaskGroupMessage': {
        const { task_group, framework } = message.body;
        this.#launches(task_group.tasks ?? [], framework.id?.value, way);
        return;
      }
      case 'KillTaskMessage':
        this.#tell('debug', aboutOf(message.body), `kill ${way}`);
        return;
      case 'StatusUpdateAcknowledgementMessage': {
        const { uuid } = message.body;
        this.#tell('debug', aboutOf(message.body), `acknowledgement ${uuidText(uuid)} ${way}`);
        return;
      }
      default:
        return;
    }
  }

  #launches(tasks: readonly TaskInfo[], framework: string | undefined, way: Way): void {
    for (const { task_id } of tasks) {
      this.#tell('debug', { task: task_id.value, framework: framework ?? '' }, `launch ${way}`);
    }
  }

  #update({ status, framework_id, uuid }: StatusUpdate, way: Way): void {
    const { message, reason, task_id } = status;
    const why = [reasonName(reason), message?.slice(0, MOST_SHOWN)].filter(
      (text) => text !== undefined,
    );
    this.#tell(
      TROUBLES.has(status.state) ? 'info' : 'debug',
      aboutOf({ task_id, framework_id }),
      [`${taskStateName(status.state)} ${uuidText(uuid)} ${way}`, ...why].join(': '),
    );
  }

  #tell(level: 'info' | 'debug', about: AboutTask, what: string): void {
    const text = `Task ${about.task} of framework ${about.framework}: ${what}`;
    this.#logger.write(level, text, undefined, about);
  }
}

const reasonName = enumNames(TaskStatus_Reason);

interface Ids {
  readonly task_id: { readonly value: string };
  readonly framework_id: { readonly value: string };
}

const aboutOf = ({ task_id, framework_id }: Ids): AboutTask => ({
  task: task_id.value,
  framework: framework_id.value,
});

const uuidText = (uuid: Uint8Array | undefined) =>
  uuid?.length === 16 ? `(${formatUuid(uuid)})` : '(no uuid)';
