// Names that occur nowhere else, planted in what frameworks and agents send: where one of them is
// shown, so is what it is of. Who may see that is asked of the authorizer of test/oracle.
import type { Framework, MasterState } from '../../src/master/state.ts';
import type { Operation, Resource } from '../../src/model/generated/messages.ts';
import { operationResources } from '../../src/model/operation-resources.ts';
import type { Principal } from '../../src/security/principal.ts';
import type { ReferenceAuthorizer } from '../oracle/authorizer.ts';
import { must, shown } from './breach.ts';

export type Planted = 'framework' | 'task' | 'executor' | 'resource';

const LETTERS = { framework: 'f', task: 't', executor: 'e', resource: 'r' } as const;
const KINDS = { f: 'framework', t: 'task', e: 'executor', r: 'resource' } as const;
const MARK = /q([fter])\d+z/g;

export interface Reader {
  readonly principal: Principal | undefined;
  readonly reference: ReferenceAuthorizer;
  /** Where a role is shown by another right than VIEW_ROLE. */
  readonly seesRole?: ((role: string) => boolean) | undefined;
}

export class MasterCanaries {
  readonly #master: () => MasterState;
  readonly #roles: readonly string[];
  #next = 0;

  constructor(master: () => MasterState, roles: readonly string[]) {
    this.#master = master;
    this.#roles = roles.filter((role) => role !== '*');
  }

  plant(kind: Planted): string {
    return `q${LETTERS[kind]}${this.#next++}z`;
  }

  /** Throws a Breach where the text shows something that its reader may not see. */
  check(text: string, where: string, reader: Reader): void {
    const sight = new Sight(this.#master(), reader);
    const complain = (what: string, at: number) =>
      `${where} shows ${what} to ${shown(reader.principal)}: ` +
      `…${text.slice(Math.max(0, at - 400), at + 150)}…`;
    for (const { 0: mark, 1: letter, index } of text.matchAll(MARK)) {
      const kind = KINDS[letter as keyof typeof KINDS];
      must(sight.seesMark(kind, mark), () => complain(mark, index));
    }
    for (const { id } of sight.hiddenFrameworks) {
      must(!text.includes(id), () => complain(id, text.indexOf(id)));
    }
    for (const role of this.#roles) {
      const at = placeOf(role, text);
      must(at < 0 || sight.seesRole(role), () => complain(`the role ${role}`, at));
    }
  }

  /**
   * Throws a Breach where the text, sent to a framework, shows something of another one, though
   * neither its own call nor an agent has named it.
   */
  checkOwn(text: string, framework: Framework, said: string): void {
    const others = allFrameworks(this.#master()).filter(({ id }) => id !== framework.id);
    for (const [mark, letter] of text.matchAll(MARK)) {
      const isOthers =
        letter !== 'r' &&
        !said.includes(mark) &&
        others.some((it) => shown(it.info).includes(mark) || tasksOf(it).some(has(mark))) &&
        !shown(framework.info).includes(mark);
      must(!isOthers, () => `framework ${framework.id} is sent ${mark}, of another one: ${text}`);
    }
  }
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

const has = (mark: string) => (value: unknown) => whole(value).includes(mark);

const whole = (value: unknown) =>
  JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? `${inner}` : inner));

/** What one reader may see of a master. */
class Sight {
  readonly #master: MasterState;
  readonly #reader: Reader;

  constructor(master: MasterState, reader: Reader) {
    this.#master = master;
    this.#reader = reader;
  }

  get hiddenFrameworks(): Framework[] {
    return allFrameworks(this.#master).filter((it) => !this.#seesFramework(it));
  }

  seesRole(role: string): boolean {
    const { seesRole, principal, reference } = this.#reader;
    return seesRole?.(role) ?? reference.authorize(principal, 'VIEW_ROLE', { value: role });
  }

  /** True where something with the mark may be seen, or nothing has it any more. */
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

const WORD = /[\w/-]/;

/** Where the role stands as a whole word; -1: nowhere. */
function placeOf(role: string, text: string): number {
  for (let at = text.indexOf(role); at >= 0; at = text.indexOf(role, at + 1)) {
    if (!(WORD.test(text[at - 1] ?? '') || WORD.test(text[at + role.length] ?? ''))) {
      return at;
    }
  }
  return -1;
}
