// What a master knows that somebody needs authority to change, as a flat list of facts. Counters,
// connections that come and go, and outstanding offers are none.
import type { MasterState } from '../../src/master/state.ts';
import type { FrameworkInfo, Resource } from '../../src/model/generated/messages.ts';
import { shown } from './breach.ts';

export type Kind =
  | 'agent'
  | 'deactivated'
  | 'drain'
  | 'executor'
  | 'framework'
  | 'machine'
  | 'operation'
  | 'quota'
  | 'reserved'
  | 'schedule'
  | 'stream'
  | 'task'
  | 'volume'
  | 'weight';

export interface Fact {
  readonly kind: Kind;
  /** What it is about: a role, an agent's id, a framework's id. */
  readonly of: string;
  /** Two facts with the same text are the same. */
  readonly text: string;
  readonly amount?: number;
  readonly agent?: string;
  readonly pid?: string;
  readonly resource?: Resource;
  readonly info?: FrameworkInfo;
  readonly stream?: string;
  /** As whom a task or executor runs, where it says so itself. */
  readonly user?: string | undefined;
}

export type Facts = ReadonlyMap<string, Fact>;

export interface Change {
  readonly before: Fact | undefined;
  readonly after: Fact | undefined;
}

export function factsOf(master: MasterState): Facts {
  const facts = new Map<string, Fact>();
  const add = (fact: Fact, ...names: string[]) => {
    const key = [fact.kind, fact.of, ...names].join(' ');
    const known = facts.get(key);
    const amount = (known?.amount ?? 0) + (fact.amount ?? 0);
    facts.set(key, fact.amount === undefined ? fact : { ...fact, amount, text: `${amount}` });
  };
  for (const [role, weight] of master.weights) {
    add({ kind: 'weight', of: role, text: `${weight}` });
  }
  for (const [role, amounts] of master.quotas) {
    add({ kind: 'quota', of: role, text: shown(amounts) });
  }
  add({ kind: 'schedule', of: '', text: shown(master.schedules) });
  for (const [id, { info }] of master.machines) {
    add({ kind: 'machine', of: id, text: `${info.mode}` });
  }
  addAgents(master, add);
  addFrameworks(master, add);
  return facts;
}

type Add = (fact: Fact, ...names: string[]) => void;

function addAgents({ agents }: MasterState, add: Add): void {
  for (const [id, { pid, total, executors }] of agents.registered) {
    add({ kind: 'agent', of: id, text: `registered ${pid}`, pid });
    for (const resource of total) {
      addReserved(add, id, resource);
    }
    for (const [framework, ofFramework] of executors) {
      for (const [executor, { command }] of ofFramework) {
        const user = command?.user;
        add({ kind: 'executor', of: framework, agent: id, text: 'there', user }, id, executor);
      }
    }
  }
  for (const [name, ids] of [
    ['recovered', agents.recovered],
    ['unreachable', agents.unreachable],
    ['gone', agents.gone],
  ] as const) {
    for (const id of ids.keys()) {
      add({ kind: 'agent', of: id, text: name });
    }
  }
  for (const [id, { config }] of agents.draining) {
    add({ kind: 'drain', of: id, text: shown(config) });
  }
  for (const id of agents.deactivated) {
    add({ kind: 'deactivated', of: id, text: 'yes' });
  }
}

/**
 * Of a reservation for a role below another one's, the amount counts for both: what is reserved
 * further is still reserved.
 */
function addReserved(add: Add, agent: string, resource: Resource): void {
  const { reservations = [], name, scalar, ranges, disk } = resource;
  const amount =
    scalar?.value ??
    (ranges?.range ?? []).reduce((sum, { begin, end }) => sum + end - begin + 1, 0);
  for (let level = 1; level <= reservations.length; level++) {
    const upTo = { ...resource, reservations: reservations.slice(0, level) };
    add(
      { kind: 'reserved', of: agent, text: '', amount, agent, resource: upTo },
      shown(upTo.reservations),
      name,
    );
  }
  if (disk?.persistence !== undefined) {
    // A volume keeps its reservation when it is resized.
    const text = shown({ disk, reservations, amount });
    add({ kind: 'volume', of: agent, text, agent, resource }, disk.persistence.id);
  }
}

function addFrameworks({ frameworks }: MasterState, add: Add): void {
  for (const framework of frameworks.registered.values()) {
    const { id, info, connection, tasks, unreachableTasks, operations } = framework;
    add({ kind: 'framework', of: id, text: shown(info), info });
    if (connection?.kind === 'stream') {
      add({ kind: 'stream', of: id, text: connection.id, stream: connection.id });
    }
    for (const task of [...tasks.values(), ...unreachableTasks.values()]) {
      const agent = task.agent_id.value;
      const text = `${task.state} ${task.statuses?.length ?? 0} ${agent}`;
      add({ kind: 'task', of: id, text, agent, user: task.user }, task.task_id.value);
    }
    for (const [uuid, { latest_status, agent_id }] of operations) {
      const agent = agent_id?.value ?? '';
      add({ kind: 'operation', of: id, text: `${latest_status?.state}`, agent }, uuid);
    }
  }
}

/** What has become, or is no more, or is otherwise. */
export function changesOf(before: Facts, after: Facts): Change[] {
  const changes: Change[] = [];
  for (const [key, fact] of before) {
    const now = after.get(key);
    if (now?.text !== fact.text) {
      changes.push({ before: fact, after: now });
    }
  }
  for (const [key, fact] of after) {
    if (!before.has(key)) {
      changes.push({ before: undefined, after: fact });
    }
  }
  return changes;
}
