// What a reader may see of an agent's frameworks, executors and tasks, as the authorizer of
// test/oracle decides.
import type { AgentState } from '../../src/agent/agent.ts';
import type { Executor } from '../../src/agent/executors/executor.ts';
import type { Task, TaskInfo } from '../../src/model/generated/messages.ts';
import type { Principal } from '../../src/security/principal.ts';
import type { ReferenceAuthorizer } from '../oracle/authorizer.ts';
import { has, type Planted, type Sight } from './canaries.ts';

interface Reader {
  readonly principal: Principal | undefined;
  readonly reference: ReferenceAuthorizer;
  /** By which actions: that of containers or files, or those of each kind of object. */
  readonly by: 'VIEW' | 'VIEW_CONTAINER' | 'ACCESS_SANDBOX';
}

export class AgentSight implements Sight {
  readonly #agent: AgentState;
  readonly #reader: Reader;

  constructor(agent: AgentState, reader: Reader) {
    this.#agent = agent;
    this.#reader = reader;
  }

  get reader() {
    return this.#reader.principal;
  }

  get hiddenIds(): string[] {
    const frameworks = this.#frameworks();
    const isSeen = (id: string) =>
      this.#reader.by === 'VIEW'
        ? frameworks.some((it) => it.id === id && this.#may('VIEW_FRAMEWORK', it.info.user))
        : this.#executors().some((it) => it.framework.id === id && this.#seesExecutor(it));
    return frameworks.map(({ id }) => id).filter((id) => !isSeen(id));
  }

  seesRole(value: string): boolean {
    // Of a container's resources only amounts are shown, without their roles.
    return this.#reader.by === 'VIEW_CONTAINER' || this.#may('VIEW_ROLE', value);
  }

  seesMark(kind: Planted, mark: string): boolean {
    const sights = this.#sightsOf(kind, mark);
    return sights.length === 0 || sights.some(Boolean);
  }

  #sightsOf(kind: Planted, mark: string): boolean[] {
    switch (kind) {
      case 'framework':
        return this.#frameworks()
          .filter(({ info }) => has(mark)(info))
          .map(({ info }) => this.#may('VIEW_FRAMEWORK', info.user));
      case 'executor':
        return this.#executors()
          .filter(({ info }) => has(mark)(info))
          .map((it) => this.#seesExecutor(it));
      case 'task':
        // A command's executor has the name of its task.
        return this.#executors().flatMap((it) => [
          ...[...it.queued.values(), ...it.launched.values()]
            .concat([...it.terminated.values()], it.completed)
            .filter(has(mark))
            .map((task) => {
              const { user } = it.framework.info;
              return (
                this.#may('VIEW_FRAMEWORK', user) && this.#may('VIEW_TASK', userOf(task) ?? user)
              );
            }),
          ...(has(mark)(it.info) ? [this.#seesExecutor(it)] : []),
        ]);
      case 'resource':
        return [];
      default:
        return kind satisfies never;
    }
  }

  #seesExecutor({ info, framework }: Executor): boolean {
    const user = info.command?.user ?? framework.info.user;
    const { by } = this.#reader;
    return by === 'VIEW'
      ? this.#may('VIEW_FRAMEWORK', framework.info.user) && this.#may('VIEW_EXECUTOR', user)
      : this.#may(by, user);
  }

  #frameworks() {
    const { frameworks, completedFrameworks } = this.#agent;
    return [...frameworks.values(), ...completedFrameworks.values()];
  }

  #executors() {
    return this.#frameworks().flatMap((it) => [...it.executors.values(), ...it.completed]);
  }

  #may(action: Parameters<ReferenceAuthorizer['authorize']>[1], value: string): boolean {
    const { principal, reference } = this.#reader;
    return reference.authorize(principal, action, { value });
  }
}

/** A queued task is as its scheduler has described it, the others are records. */
const userOf = (task: Task | TaskInfo): string | undefined =>
  'state' in task
    ? task.user
    : 'command' in task
      ? task.command?.user
      : 'executor' in task
        ? task.executor?.command?.user
        : undefined;
