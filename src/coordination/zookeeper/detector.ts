// Finds the leading master in ZooKeeper: what the oldest candidate has written there.
import type { LeadingMaster } from '../../model/leading-master.ts';
import type { LogLevel } from '../../model/process-effects.ts';
import { isFault } from '../../zookeeper/zookeeper-error.ts';
import type { Detector } from '../interface.ts';
import type { Group } from './group.ts';
import type { Member } from './member.ts';
import { leaderIn, MemberDataError } from './member-data.ts';

export class ZooKeeperDetector implements Detector {
  readonly #group: Group;
  readonly #log: (level: LogLevel, text: string) => void;
  #onLeader: ((leader: LeadingMaster | undefined) => void) | undefined;
  #leader: LeadingMaster | undefined;
  /** The oldest candidate. */
  #first: Member | undefined;
  /** Whether its data was read, and has not changed since. */
  #isRead = false;

  constructor(group: Group, log: (level: LogLevel, text: string) => void) {
    this.#group = group;
    this.#log = log;
  }

  watch(onLeader: (leader: LeadingMaster | undefined) => void): () => void {
    this.#onLeader = onLeader;
    const end = this.#group.listen({ seen: (view) => this.#seen(view?.members[0]) });
    return () => {
      this.#onLeader = undefined;
      end();
    };
  }

  /** ZooKeeper tells of changes. */
  lookAgain(): void {}

  #seen(first: Member | undefined): void {
    if (first?.name !== this.#first?.name) {
      this.#first = first;
      this.#isRead = false;
    }
    if (this.#first === undefined) {
      this.#announce(undefined);
    } else if (!this.#isRead) {
      void this.#read(this.#first);
    }
  }

  /** One function, for the library calls each that it was given. */
  readonly #onChange = () => {
    this.#isRead = false;
    if (this.#first !== undefined) {
      void this.#read(this.#first);
    }
  };

  async #read(first: Member): Promise<void> {
    this.#isRead = true;
    let leader: LeadingMaster | undefined;
    try {
      leader = leaderIn(await this.#group.read(first, this.#onChange), first.format);
    } catch (error) {
      if (!(error instanceof MemberDataError)) {
        this.#failed(first, error);
        return;
      }
      if (first === this.#first) {
        this.#log(
          'error',
          `The first candidate in ZooKeeper, ${first.name}, ${error.message}; ` +
            'no master leads while that znode is there',
        );
      }
    }
    if (first === this.#first) {
      this.#announce(leader);
    }
  }

  /** What is gone, or was not answered, is looked at again when the group has seen the folder. */
  #failed(first: Member, error: unknown): void {
    if (first !== this.#first) {
      return;
    }
    this.#isRead = false;
    if (!isFault(error, 'noNode', 'connectionLoss', 'disconnected', 'expired', 'closed')) {
      this.#log('error', `The first candidate in ZooKeeper cannot be read: ${String(error)}`);
      this.#announce(undefined);
      this.#group.lookLater();
    }
  }

  #announce(leader: LeadingMaster | undefined): void {
    const isSame = leader?.pid === this.#leader?.pid && leader?.hostname === this.#leader?.hostname;
    if (!isSame) {
      this.#leader = leader;
      this.#onLeader?.(leader);
    }
  }
}
