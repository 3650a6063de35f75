// How many questions whose a connection is are out at once, and in whose turn. Any connection can claim
// any sender, and a claimed address may say nothing for as long as it likes: so claims that come from one
// place share a lane, lanes take turns, and so do the addresses in a lane. Where a lane is full, those that
// have been out for longer than an honest answer takes make room for the next; what asked them is told
// that it is unclear, and may ask again.
import { askOwner, type OwnerAnswer, type OwnerQuestion } from './connection-owner.ts';

/** An answer that somebody waits for. */
export interface Pending {
  /** Does not want to know any more; the last to leave ends the question. */
  leave(): void;
}

/** Of one address at once: who is there answers thousands in a second. */
const MOST_OF_ADDRESS = 4;
/** Of one lane at once, as a share of all. */
const LANE_SHARE = 1 / 2;
/** A question that has been out for so long makes room where others wait. */
const GRACE_MS = 1_000;

interface Lane {
  readonly name: string;
  running: number;
  /** By address. */
  readonly targets: Map<string, Target>;
  /** Those that have something to ask, and room for it. */
  readonly ready: Set<Target>;
}

interface Target {
  readonly lane: Lane;
  readonly address: string;
  running: number;
  readonly waiting: Set<Question>;
}

interface Question {
  readonly id: string;
  readonly target: Target;
  readonly asked: OwnerQuestion;
  readonly waiters: Set<(answer: OwnerAnswer) => void>;
  /** While it is out. */
  abort: (() => void) | undefined;
}

export class Questions {
  readonly #most: number;
  readonly #lanes = new Map<string, Lane>();
  readonly #ready = new Set<Lane>();
  /** By lane, address, key and destination: who asks the same shares the answer. */
  readonly #questions = new Map<string, Question>();
  /** Out for longer than the grace, the longest first. */
  readonly #slow = new Set<Question>();
  #running = 0;

  /** At most so many are out at once. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Questions that are out: each has a descriptor. */
  get running(): number {
    return this.#running;
  }

  ask(laneName: string, asked: OwnerQuestion, tell: (answer: OwnerAnswer) => void): Pending {
    const id = `${laneName} ${asked.address} ${asked.key} ${asked.to}`;
    let question = this.#questions.get(id);
    if (!question) {
      const target = this.#target(laneName, asked.address);
      question = { id, target, asked, waiters: new Set(), abort: undefined };
      this.#questions.set(id, question);
      target.waiting.add(question);
      this.#refresh(target);
    }
    const { waiters } = question;
    const waiter = (answer: OwnerAnswer) => tell(answer);
    waiters.add(waiter);
    const joined = question;
    this.#pump();
    return {
      leave: () => {
        if (waiters.delete(waiter) && waiters.size === 0) {
          this.#end(joined, 'unclear');
          this.#pump();
        }
      },
    };
  }

  #target(laneName: string, address: string): Target {
    const lane = this.#lanes.get(laneName) ?? {
      name: laneName,
      running: 0,
      targets: new Map(),
      ready: new Set(),
    };
    this.#lanes.set(laneName, lane);
    const target = lane.targets.get(address) ?? { lane, address, running: 0, waiting: new Set() };
    lane.targets.set(address, target);
    return target;
  }

  #pump(): void {
    for (let lane = this.#next(); lane !== undefined; lane = this.#next()) {
      const [target] = lane.ready;
      const [question] = target?.waiting ?? [];
      if (target !== undefined && question !== undefined) {
        this.#start(target, question);
      }
    }
  }

  /** The next lane that may ask; it goes to the end of the turn. */
  #next(): Lane | undefined {
    for (const lane of this.#ready) {
      if (this.#running >= this.#most && !this.#cut()) {
        return undefined;
      }
      if (lane.running < Math.ceil(this.#most * LANE_SHARE) || this.#cut(lane)) {
        return lane;
      }
    }
    return undefined;
  }

  #start(target: Target, question: Question): void {
    const { lane } = target;
    target.waiting.delete(question);
    target.running++;
    lane.running++;
    this.#running++;
    this.#ready.delete(lane);
    lane.ready.delete(target);
    this.#refresh(target);
    let later: NodeJS.Immediate | undefined;
    const timer = setTimeout(() => {
      // What has come meanwhile is read first: a process that is busy itself cuts no honest answer.
      later = setImmediate(() => {
        this.#slow.add(question);
        this.#pump();
      });
    }, GRACE_MS);
    const asked = askOwner(question.asked, (answer) => {
      this.#end(question, answer);
      this.#pump();
    });
    question.abort = () => {
      clearTimeout(timer);
      clearImmediate(later);
      asked.abort();
    };
  }

  /** Ends the longest of the slow questions, of this lane or of the one that has most of them. */
  #cut(lane: Lane | undefined = this.#slowest()): boolean {
    for (const question of this.#slow) {
      if (question.target.lane === lane) {
        this.#end(question, 'unclear');
        return true;
      }
    }
    return false;
  }

  #slowest(): Lane | undefined {
    let most: Lane | undefined;
    for (const { target } of this.#slow) {
      if (target.lane.running > (most?.running ?? 0)) {
        most = target.lane;
      }
    }
    return most;
  }

  #end(question: Question, answer: OwnerAnswer): void {
    if (!this.#questions.delete(question.id)) {
      return;
    }
    const { target, waiters, abort } = question;
    if (abort) {
      abort();
      this.#slow.delete(question);
      target.running--;
      target.lane.running--;
      this.#running--;
    }
    target.waiting.delete(question);
    this.#refresh(target);
    const told = [...waiters];
    waiters.clear();
    for (const tell of told) {
      tell(answer);
    }
  }

  /** Says whether the address and its lane have something to ask; what is empty is forgotten. */
  #refresh(target: Target): void {
    const { lane } = target;
    if (target.waiting.size > 0 && target.running < MOST_OF_ADDRESS) {
      lane.ready.add(target);
    } else {
      lane.ready.delete(target);
    }
    if (target.waiting.size + target.running === 0) {
      lane.targets.delete(target.address);
    }
    if (lane.ready.size > 0) {
      this.#ready.add(lane);
    } else {
      this.#ready.delete(lane);
    }
    if (lane.targets.size === 0) {
      this.#lanes.delete(lane.name);
    }
  }
}
