// Decides how many questions about connections (connection-owner.ts) are out at once, and which is
// next. Any connection can claim any sender, and a process at a claimed address may never answer.
// So there is a bound for all questions, half of it for those caused by one place, and a small one
// for those to one address. On each of these three levels, members take turns. Every second turn is
// the newest member's, so that a new process does not wait behind thousands of claims about
// addresses where nothing answers. At a bound, the question that has been out longest is given up
// as unclear, if it has been out for longer than an honest answer takes. At the bound for all, it
// is the longest of the place with most.
import type { Dialer } from '../transport/dialer.ts';
import { askOwner, type OwnerAnswer, type OwnerQuestion } from './connection-owner.ts';

/** The most questions to one address at once: a process answers thousands in a second. */
const MOST_OF_ADDRESS = 4;
/** The most questions of one place at once, as a share of all. */
const PLACE_SHARE = 1 / 2;
/**
 * How often questions are looked at. One that was out at two looks makes room where others wait.
 */
const LOOK_MS = 125;
const SLOW_LOOKS = 2;

interface Question {
  readonly asked: OwnerQuestion;
  readonly tell: (answer: OwnerAnswer) => void;
  /** The groups of its address, of its place, and of all questions. */
  readonly groups: readonly Group[];
  /** The number of looks before it was sent. */
  look: number;
  abort: (() => void) | undefined;
  isOver: boolean;
}

/** The questions of one level: all, those of a place, or those of a place to one address. */
class Group {
  readonly name: string;
  readonly most: number;
  readonly members = new Map<string, Group>();
  /**
   * Members with a question to ask, in the order of turns. They are groups, or on the lowest level
   * questions.
   */
  readonly waiting = new Set<Group | Question>();
  /** Questions that were sent, the longest out first. */
  readonly out = new Set<Question>();
  newest: Group | Question | undefined;
  isNewestsTurn = true;

  constructor(name: string, most: number) {
    this.name = name;
    this.most = most;
  }

  member(name: string, most: number): Group {
    const member = this.members.get(name) ?? new Group(name, most);
    this.members.set(name, member);
    return member;
  }

  *inTurn(): Generator<Group | Question> {
    if (this.isNewestsTurn && this.newest && this.waiting.has(this.newest)) {
      yield this.newest;
    }
    yield* this.waiting;
  }
}

export class Questions {
  readonly #all: Group;
  #looks = 0;
  #timer: NodeJS.Timeout | undefined;
  /** The place with most questions out at the last look. */
  #fullest: Group | undefined;

  readonly #dialer: Dialer;

  /** `most` is the bound for all questions. */
  constructor(most: number, dialer: Dialer) {
    this.#dialer = dialer;
    this.#all = new Group('', most);
  }

  /** How many questions are out: each has a descriptor. */
  get running(): number {
    return this.#all.out.size;
  }

  /**
   * Calls `tell` once with the answer; `tell` must not ask again before this turn of the loop is
   * over. The returned function ends the question as unclear.
   */
  ask(from: string, asked: OwnerQuestion, tell: (answer: OwnerAnswer) => void): () => void {
    const place = this.#all.member(from, Math.ceil(this.#all.most * PLACE_SHARE));
    const address = place.member(asked.address, MOST_OF_ADDRESS);
    const groups = [address, place, this.#all];
    const question: Question = { asked, tell, groups, look: 0, abort: undefined, isOver: false };
    let member: Group | Question = question;
    for (const group of groups) {
      group.waiting.add(member);
      group.newest = member;
      member = group;
    }
    this.#pump();
    return () => this.#end(question, 'unclear');
  }

  #pump(): void {
    for (let next = this.#next(this.#all); next !== undefined; next = this.#next(this.#all)) {
      this.#start(next);
    }
  }

  #next(group: Group): Question | undefined {
    if (group.out.size >= group.most && !this.#slowest(group)) {
      return undefined;
    }
    for (const member of group.inTurn()) {
      const question = member instanceof Group ? this.#next(member) : member;
      if (question) {
        group.newest = member === group.newest ? undefined : group.newest;
        group.isNewestsTurn = !group.isNewestsTurn;
        return question;
      }
    }
    return undefined;
  }

  /**
   * The question to give up when a group is full. The group of an address gives up none by itself,
   * only when its place does.
   */
  #slowest(group: Group): Question | undefined {
    const crowd = group === this.#all ? this.#fullest : group;
    const [oldest] = crowd?.out ?? [];
    const isSlow = oldest !== undefined && this.#looks - oldest.look >= SLOW_LOOKS;
    return isSlow && !isAddress(group) ? oldest : undefined;
  }

  #start(question: Question): void {
    for (const group of question.groups) {
      const slowest = group.out.size >= group.most ? this.#slowest(group) : undefined;
      if (slowest) {
        this.#leave(slowest, 'unclear');
      }
    }
    let member: Group | Question = question;
    for (const group of question.groups) {
      // The member goes to the end of the turns.
      group.waiting.delete(member);
      if (member instanceof Group && member.waiting.size > 0) {
        group.waiting.add(member);
      }
      group.out.add(question);
      member = group;
    }
    question.look = this.#looks;
    const tell = (answer: OwnerAnswer) => this.#end(question, answer);
    question.abort = askOwner(question.asked, tell, this.#dialer).abort;
    // Reads first what has arrived: if this process is busy, an honest answer may wait unread.
    this.#timer ??= setInterval(() => setImmediate(() => this.#look()), LOOK_MS).unref();
  }

  #look(): void {
    this.#looks++;
    this.#fullest = undefined;
    if (this.#all.out.size >= this.#all.most) {
      for (const place of this.#all.members.values()) {
        if (place.out.size > (this.#fullest?.out.size ?? 0)) {
          this.#fullest = place;
        }
      }
    }
    this.#pump();
  }

  #end(question: Question, answer: OwnerAnswer): void {
    this.#leave(question, answer);
    this.#pump();
  }

  /** Removes the question from its groups; an empty group is deleted. */
  #leave(question: Question, answer: OwnerAnswer): void {
    if (question.isOver) {
      return;
    }
    question.isOver = true;
    question.abort?.();
    let member: Group | Question = question;
    for (const group of question.groups) {
      group.out.delete(question);
      if (!(member instanceof Group) || member.waiting.size === 0) {
        group.waiting.delete(member);
      }
      if (member instanceof Group && member.waiting.size + member.out.size === 0) {
        group.members.delete(member.name);
      }
      member = group;
    }
    if (this.#all.out.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
    question.tell(answer);
  }
}

const isAddress = ({ members }: Group) => members.size === 0;
