// The questions whose a connection is: how many may be out at once, and which is asked next. Any
// connection can claim any sender, and a claimed address may keep silent. So all questions together
// have a bound, those caused by one place half of it, and those to one claimed address a few. On
// each of the three levels turns go round, and every second turn is the newest's, so that a new
// process does not wait behind thousands of claims about addresses where nothing answers. Where a
// bound is reached, the question that has been out for the longest is given up as unclear, once it
// has been out for longer than an honest answer takes; where it is the bound of all, one of the
// place with most.
import type { Dialer } from '../transport/dialer.ts';
import { askOwner, type OwnerAnswer, type OwnerQuestion } from './connection-owner.ts';

/** Of one address at once: a process answers thousands in a second. */
const MOST_OF_ADDRESS = 4;
/** Of one place at once, as a share of all. */
const PLACE_SHARE = 1 / 2;
/** Questions are looked at so often; one that has been seen twice makes room where others wait. */
const LOOK_MS = 125;
const SLOW_LOOKS = 2;

interface Question {
  readonly asked: OwnerQuestion;
  readonly tell: (answer: OwnerAnswer) => void;
  /** Its address, its place, and all. */
  readonly groups: readonly Group[];
  /** The look before which it went out. */
  look: number;
  abort: (() => void) | undefined;
  isOver: boolean;
}

/** All questions, those of a place, or those of a place about one address. */
class Group {
  readonly name: string;
  readonly most: number;
  readonly members = new Map<string, Group>();
  /** Members that have something to ask, or questions, in turn. */
  readonly waiting = new Set<Group | Question>();
  /** The longest first. */
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
  /** The place that had most at the last look. */
  #fullest: Group | undefined;

  readonly #dialer: Dialer;

  /** At most so many are out at once. */
  constructor(most: number, dialer: Dialer) {
    this.#dialer = dialer;
    this.#all = new Group('', most);
  }

  /** Questions that are out: each has a descriptor. */
  get running(): number {
    return this.#all.out.size;
  }

  /**
   * Tells the answer once; who is told asks nothing before this turn is over. The function that is
   * returned ends the question: it is unclear.
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
   * What makes room in a group that is full. Those of an address only give way with their place.
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
      // It goes to the end of the turn.
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
    // What has come meanwhile is read first: a process that is busy itself cuts no honest answer.
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

  /** Leaves every group it is in; a group that is empty is forgotten. */
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
