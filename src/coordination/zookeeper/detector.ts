// Finds the leading master in ZooKeeper: what the oldest candidate has written there.
import type { LeadingMaster } from '../../model/leading-master.ts';
import type { LogLevel } from '../../model/process-effects.ts';
import type { Node } from '../../zookeeper/interface.ts';
import { isFault } from '../../zookeeper/zookeeper-error.ts';
import type { Detector } from '../interface.ts';
import type { Group } from './group.ts';
import type { Member } from './member.ts';
import { leaderIn, MemberDataError } from './member-data.ts';

/** The owner of what is not ephemeral. */
const NOBODY = '0'.repeat(16);

export class ZooKeeperDetector implements Detector {
  readonly #group: Group;
  readonly #log: (level: LogLevel, text: string) => void;
  #onLeader: ((leader: LeadingMaster | undefined) => void) | undefined;
  #leader: LeadingMaster | undefined;
  /** The oldest candidate. */
  #first: Member | undefined;
  /** Whether its data was read, and has not changed since. */
  #isRead = false;
  /** Whether no program can have written it. */
  #isOdd = false;

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
      this.#isOdd = false;
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
    if (this.#isOdd) {
      // Each time is told: whoever writes it again and again fills no log.
      this.#group.lookLater();
    } else if (this.#first !== undefined) {
      void this.#read(this.#first);
    }
  };

  async #read(first: Member): Promise<void> {
    this.#isRead = true;
    let node: Node;
    try {
      node = await this.#group.read(first, this.#onChange);
    } catch (error) {
      this.#failed(first, error);
      return;
    }
    if (first === this.#first) {
      this.#announce(this.#leaderIn(node, first));
    }
  }

  #leaderIn({ data, owner }: Node, { name, format }: Member): LeadingMaster | undefined {
    const who = `The first candidate in ZooKeeper, ${name},`;
    this.#isOdd = true;
    try {
      const leader = leaderIn(data, format);
      this.#isOdd = owner === NOBODY;
      if (this.#isOdd) {
        this.#log(
          'warn',
          `${who} was not made by a master, and does not go with one: ${leader.pid} leads, ` +
            'whether it runs or not, while that znode is there',
        );
      }
      return leader;
    } catch (error) {
      if (!(error instanceof MemberDataError)) {
        throw error;
      }
      const text = `${who} ${error.message}; no master leads while that znode is there`;
      this.#log('error', text);
      return undefined;
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
