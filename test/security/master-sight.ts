// What a reader may see of a master's frameworks, tasks, executors and resources, as the authorizer
// of test/oracle decides; and what schedulers may be told.
import type { Framework, MasterState } from '../../src/master/state.ts';
import type { Operation, Resource } from '../../src/model/generated/messages.ts';
import { operationResources } from '../../src/model/operation-resources.ts';
import type { Principal } from '../../src/security/principal.ts';
import type { ReferenceAuthorizer } from '../oracle/authorizer.ts';
import { must, shown } from './breach.ts';
import { has, MARK, type Planted, type Sight } from './canaries.ts';

export interface Reader {
  readonly principal: Principal | undefined;
  readonly reference: ReferenceAuthorizer;
  /** Where a role is shown by another right than VIEW_ROLE. */
  readonly seesRole?: ((role: string) => boolean) | undefined;
}

const allFrameworks = ({ frameworks }: MasterState): Framework[] => [
  ...frameworks.registered.values(),
  ...frameworks.completed.values(),
];

const tasksOf = ({ tasks, unreachableTasks, completedTasks }: Framework) => [
  ...tasks.values(),
  ...unreachableTasks.values(),
  ...completedTasks,
];

const executorsOf = ({ executors }: Framework) =>
  [...executors.values()].flatMap((ofAgent) => [...ofAgent.values()]);

/** What one reader may see of a master. */
export class MasterSight implements Sight {
  readonly #master: MasterState;
  readonly #reader: Reader;

  constructor(master: MasterState, reader: Reader) {
    this.#master = master;
    this.#reader = reader;
  }

  get reader() {
    return this.#reader.principal;
  }

  get hiddenIds(): string[] {
    const frameworks = allFrameworks(this.#master);
    return frameworks.filter((it) => !this.#seesFramework(it)).map(({ id }) => id);
  }

  seesRole(role: string): boolean {
    const { seesRole, principal, reference } = this.#reader;
    return seesRole?.(role) ?? reference.authorize(principal, 'VIEW_ROLE', { value: role });
  }

  seesMark(kind: Planted, mark: string): boolean {
    const sights = this.#sightsOf(kind, mark);
    return sights.length === 0 || sights.some(Boolean);
  }

  #sightsOf(kind: Planted, mark: string): boolean[] {
    const frameworks = allFrameworks(this.#master);
    switch (kind) {
      case 'framework':
        return frameworks
          .filter(({ info }) => has(mark)(info))
          .map((it) => this.#seesFramework(it));
      case 'task':
        return frameworks.flatMap((framework) =>
          tasksOf(framework)
            .filter(has(mark))
            .map(
              ({ user }) =>
                this.#seesFramework(framework) &&
                this.#may('VIEW_TASK', user ?? framework.info.user),
            ),
        );
      case 'executor':
        return frameworks.flatMap((framework) =>
          executorsOf(framework)
            .filter(has(mark))
            .map(
              ({ command }) =>
                this.#seesFramework(framework) &&
                this.#may('VIEW_EXECUTOR', command?.user ?? framework.info.user),
            ),
        );
      case 'resource':
        return this.#resources()
          .filter(has(mark))
          .map((it) => this.#seesResource(it));
      default:
        return kind satisfies never;
    }
  }

  #resources(): Resource[] {
    const { agents } = this.#master;
    const frameworks = allFrameworks(this.#master);
    const operations = frameworks.flatMap((it): Operation[] => [...it.operations.values()]);
    return [
      ...[...agents.registered.values()].flatMap(({ total, info, operations: own }) => [
        ...total,
        ...(info.resources ?? []),
        ...[...(own?.values() ?? [])].flatMap((it) => operationResources(it.info)),
      ]),
      ...[...agents.recovered.values()].flatMap(({ resources }) => resources ?? []),
      ...frameworks.flatMap((it) => [
        ...tasksOf(it).flatMap(({ resources }) => resources ?? []),
        ...executorsOf(it).flatMap(({ resources }) => resources ?? []),
      ]),
      ...operations.flatMap(({ info }) => operationResources(info)),
    ];
  }

  #may(action: 'VIEW_FRAMEWORK' | 'VIEW_TASK' | 'VIEW_EXECUTOR', value: string): boolean {
    const { principal, reference } = this.#reader;
    return reference.authorize(principal, action, { value });
  }

  #seesFramework({ info }: Framework): boolean {
    return this.#may('VIEW_FRAMEWORK', info.user);
  }

  #seesResource({ reservations = [], role, allocation_info }: Resource): boolean {
    const roles = [...reservations.map((it) => it.role), role, allocation_info?.role];
    return roles.every((it) => it === undefined || it === '*' || this.seesRole(it));
  }
}

/**
 * Throws a Breach where the text, sent to a framework, shows something of another one, though
 * neither its own call nor an agent has named it.
 */
export function checkOwn(
  master: MasterState,
  { text, framework, said }: { text: string; framework: Framework; said: string },
): void {
  const others = allFrameworks(master).filter(({ id }) => id !== framework.id);
  for (const [mark, letter] of text.matchAll(MARK)) {
    const isOthers =
      letter !== 'r' &&
      !said.includes(mark) &&
      others.some((it) => shown(it.info).includes(mark) || tasksOf(it).some(has(mark))) &&
      !shown(framework.info).includes(mark);
    must(!isOthers, () => `framework ${framework.id} is sent ${mark}, of another one: ${text}`);
  }
}
