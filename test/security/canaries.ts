// Names that occur nowhere else, planted in what frameworks and agents send: where one of them is
// shown, so is what it is of. Who may see that, a sight says.
import { must, shown } from './breach.ts';

export type Planted = 'framework' | 'task' | 'executor' | 'resource';

const LETTERS = { framework: 'f', task: 't', executor: 'e', resource: 'r' } as const;
const KINDS = { f: 'framework', t: 'task', e: 'executor', r: 'resource' } as const;
export const MARK = /q([fter])\d+z/g;

/** Characters of an id; a stranger's may be a word that is everywhere. */
const LEAST_ID = 12;

/** What one reader may see, as the authorizer of test/oracle decides. */
export interface Sight {
  /** For messages. */
  readonly reader: unknown;
  /** Ids of frameworks that must not be named. */
  readonly hiddenIds: readonly string[];
  seesRole(role: string): boolean;
  /** True where something with the mark may be seen, or nothing has it any more. */
  seesMark(kind: Planted, mark: string): boolean;
}

export class Canaries {
  readonly #roles: readonly string[];
  #next = 0;

  constructor(roles: readonly string[]) {
    this.#roles = roles.filter((role) => role !== '*');
  }

  plant(kind: Planted): string {
    return `q${LETTERS[kind]}${this.#next++}z`;
  }

  /** Throws a Breach where the text shows something that its reader may not see. */
  check(text: string, where: string, sight: Sight): void {
    const complain = (what: string, at: number) =>
      `${where} shows ${what} to ${shown(sight.reader)}: ` +
      `…${text.slice(Math.max(0, at - 400), at + 150)}…`;
    for (const { 0: mark, 1: letter, index } of text.matchAll(MARK)) {
      const kind = KINDS[letter as keyof typeof KINDS];
      must(sight.seesMark(kind, mark), () => complain(mark, index));
    }
    for (const id of sight.hiddenIds.filter((it) => it.length >= LEAST_ID)) {
      must(!text.includes(id), () => complain(id, text.indexOf(id)));
    }
    for (const role of this.#roles) {
      const at = placeOf(role, text);
      must(at < 0 || sight.seesRole(role), () => complain(`the role ${role}`, at));
    }
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

/** Whether the mark is anywhere in the value. */
export const has = (mark: string) => (value: unknown) => whole(value).includes(mark);

const whole = (value: unknown) =>
  JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? `${inner}` : inner)) ??
  '';
