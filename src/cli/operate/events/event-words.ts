// Events of the operators' stream as lines: what each is about, and what has happened, in words.
// Names come from what the stream has told before.
import { enumNames } from '../../../model/enum-names.ts';
import {
  type MasterResponse_GetAgents_Agent as Agent,
  type MasterResponse_GetFrameworks_Framework as Framework,
  type MasterEvent,
  MasterEvent_Type,
  TaskState,
  type TaskStatus,
} from '../../../model/generated/messages.ts';
import { reasonWords } from '../../../webui/words/reasons.ts';
import { stateWords } from '../../../webui/words/task-states.ts';
import { stateOf } from '../agent/list.ts';
import { agentId, frameworkId } from '../connection/things.ts';
import type { Column } from '../output/listing.ts';
import type { Look } from '../output/screen.ts';
import { lookOf } from '../output/task-looks.ts';

export interface Told {
  readonly type: string;
  readonly of: 'agent' | 'framework' | 'task';
  readonly id: string;
  readonly name: string;
  /** Of a task: TASK_RUNNING. */
  readonly state: string;
  readonly framework: string;
  readonly agent: string;
  /** What has happened: `Running on host17`. */
  readonly says: string;
  readonly look: Look | undefined;
}

/** What --filter can name. */
export const COLUMNS: readonly Column<Told>[] = [
  { title: 'TYPE', text: ({ type }) => type },
  { title: 'OF', text: ({ of }) => of },
  { title: 'ID', text: ({ id }) => id },
  { title: 'NAME', text: ({ name }) => name },
  { title: 'STATE', text: ({ state }) => state },
  { title: 'FRAMEWORK', text: ({ framework }) => framework },
  { title: 'AGENT', text: ({ agent }) => agent },
];

const typeName = enumNames(MasterEvent_Type);
const stateName = enumNames(TaskState);

export class Narrator {
  /** Of agents and frameworks that are there. */
  readonly #hosts = new Map<string, string>();
  readonly #names = new Map<string, string>();
  #refused = '';

  get agents(): number {
    return this.#hosts.size;
  }

  get frameworks(): number {
    return this.#names.size;
  }

  /** Undefined where nothing has happened: heartbeats, and what was there before. */
  tell(event: MasterEvent): Told | undefined {
    const type = typeName(event.type) ?? '';
    const { task_added, task_updated, agent_added, agent_updated } = event;
    if (event.subscribed !== undefined) {
      this.#begin(event.subscribed);
      return undefined;
    }
    if (task_added !== undefined) {
      const { task } = task_added;
      return this.#task(type, {
        id: task.task_id.value,
        name: task.name,
        frameworkId: task.framework_id.value,
        agentId: task.agent_id.value,
        state: task.state,
        prefix: 'new, ',
      });
    }
    if (task_updated !== undefined) {
      const { framework_id, status, state } = task_updated;
      return this.#task(type, {
        id: status.task_id.value,
        name: '',
        frameworkId: framework_id.value,
        agentId: status.agent_id?.value ?? '',
        state,
        suffix: status.state === state ? whyOf(status) : '',
      });
    }
    if (agent_added !== undefined) {
      return this.#agent(type, agent_added.agent, 'has joined', 'good');
    }
    if (agent_updated !== undefined) {
      const { agent } = agent_updated;
      const state = stateOf(agent);
      return this.#agent(type, agent, `is ${state}`, state === 'active' ? 'good' : 'warn');
    }
    return this.#rest(type, event);
  }

  #begin({ get_state }: NonNullable<MasterEvent['subscribed']>): void {
    this.#hosts.clear();
    this.#names.clear();
    this.#refused = '';
    for (const agent of get_state?.get_agents?.agents ?? []) {
      this.#hosts.set(agentId(agent), agent.agent_info.hostname);
    }
    for (const framework of get_state?.get_frameworks?.frameworks ?? []) {
      this.#names.set(frameworkId(framework), framework.framework_info.name);
    }
  }

  #task(
    type: string,
    about: {
      readonly id: string;
      readonly name: string;
      readonly frameworkId: string;
      readonly agentId: string;
      readonly state: TaskState;
      readonly prefix?: string;
      readonly suffix?: string;
    },
  ): Told {
    const { text } = stateWords(about.state);
    const agent = this.#hosts.get(about.agentId) ?? about.agentId;
    const framework = this.#names.get(about.frameworkId) ?? about.frameworkId;
    const on = agent === '' ? '' : ` on ${agent}`;
    const { prefix = '', suffix = '' } = about;
    return {
      ...{ type, id: about.id, name: about.name, framework, agent },
      of: 'task',
      state: stateName(about.state) ?? '',
      says: `of ${framework}: ${prefix}${text.toLowerCase()}${on}${suffix}`,
      look: lookOf(about.state),
    };
  }

  #agent(type: string, agent: Agent, says: string, look: Look): Told {
    const id = agentId(agent);
    const { hostname } = agent.agent_info;
    this.#hosts.set(id, hostname);
    return { ...agentTold(type, id, hostname), says, look };
  }

  #framework(type: string, framework: Framework, says: string, look: Look | undefined): Told {
    const id = frameworkId(framework);
    const { name } = framework.framework_info;
    this.#names.set(id, name);
    return { ...frameworkTold(type, id, name), says, look };
  }

  #rest(type: string, event: MasterEvent): Told | undefined {
    const { agent_removed, framework_added, framework_updated, framework_removed } = event;
    if (agent_removed !== undefined) {
      const id = agent_removed.agent_id.value;
      const lost = agent_removed.lost_agent;
      const host = this.#hosts.get(id) ?? lost?.hostname ?? '';
      this.#hosts.delete(id);
      const why = lost?.message === undefined ? '' : `: ${lost.message}`;
      const how = lost === undefined ? 'is removed' : lost.gone ? 'is gone' : 'is unreachable';
      return { ...agentTold(type, id, host), says: `${how}${why}`, look: 'bad' };
    }
    if (framework_added !== undefined) {
      return this.#framework(type, framework_added.framework, 'has subscribed', 'good');
    }
    if (framework_updated !== undefined) {
      const { framework } = framework_updated;
      return this.#framework(type, framework, `is ${standingOf(framework)}`, undefined);
    }
    if (framework_removed !== undefined) {
      const { id, name } = framework_removed.framework_info;
      this.#names.delete(id?.value ?? '');
      return { ...frameworkTold(type, id?.value ?? '', name), says: 'is removed', look: 'warn' };
    }
    return this.#refusal(type, event);
  }

  /** They are told of again and again while they try: only what is new is said. */
  #refusal(type: string, { agents_refused }: MasterEvent): Told | undefined {
    const newest = agents_refused?.agents?.at(-1);
    const said = newest === undefined ? '' : `${newest.pid} ${newest.message}`;
    if (newest === undefined || said === this.#refused) {
      return undefined;
    }
    this.#refused = said;
    const { pid, hostname, message } = newest;
    return { ...agentTold(type, pid, hostname), says: `is refused: ${message}`, look: 'bad' };
  }
}

type Who = Omit<Told, 'says' | 'look'>;

const agentTold = (type: string, id: string, name: string): Who => ({
  ...{ type, id, name, state: '', framework: '' },
  of: 'agent',
  agent: name,
});

const frameworkTold = (type: string, id: string, name: string): Who => ({
  ...{ type, id, name, state: '', agent: '' },
  of: 'framework',
  framework: name,
});

function standingOf({ active, connected, suppressed_roles = [] }: Framework): string {
  if (!connected) {
    return 'disconnected';
  }
  const without =
    suppressed_roles.length === 0 ? '' : `, without offers for ${suppressed_roles.join(', ')}`;
  return `${active ? 'connected' : 'inactive'}${without}`;
}

/** Of ends that went wrong the executor and the master say more. */
function whyOf({ message = '', reason }: TaskStatus): string {
  const words = [reasonWords(reason), message].filter((text) => text !== undefined && text !== '');
  return words.length === 0 ? '' : ` (${words.join(' ')})`;
}
