// The registry in ZooKeeper, for several masters. What is asked of it is done in turn; changes that
// wait for their turn together share a transaction, which also writes the head, at the version that
// this master knows. Who begins an epoch writes the head as well: so from then on every transaction
// of an earlier leader fails as a whole, whatever it believes and however late it arrives.
//
// A transaction without an answer, because a connection or a session has ended, may have been
// carried out or not: the head's batch tells. It is sent again where it was not. While there is no
// quorum all that is asked for waits.
import type { Log } from '../filesystem/stall.ts';
import { formatDuration } from '../model/duration.ts';
import type { RegistryChange, RegistrySnapshot } from '../model/registry.ts';
import { type Clock, evenClock } from '../zookeeper/clock.ts';
import type { Operation, Session } from '../zookeeper/interface.ts';
import { isFault } from '../zookeeper/zookeeper-error.ts';
import { type Registry, RegistryError, type StoreResult } from './registry.ts';
import { decodeRows, encodeChange, type RowChange } from './registry-rows.ts';
import { ZooKeeperConnection } from './zookeeper-connection.ts';
import { Batch, type ZooKeeperContent } from './zookeeper-content.ts';
import { encodeHead, Layout } from './zookeeper-layout.ts';
import { makeFolder, readContent, readHead, type VersionedHead } from './zookeeper-reader.ts';

export interface ZooKeeperRegistryOptions {
  /** Begins a session; the registry begins another when one ends. */
  readonly connect: () => Session;
  /** Nothing else may be in this folder. */
  readonly folder: string;
  /** A transaction that is not carried out for longer than this counts as failed. */
  readonly storeTimeoutMs?: number;
  /** The same of beginning an epoch, and of reading. */
  readonly readTimeoutMs?: number;
  readonly clock?: Clock;
  readonly log?: Log;
  /**
   * Called once, when the registry has been deleted, or changed by others than masters: no change
   * can be stored any more.
   */
  readonly onLost?: (error: RegistryError) => void;
}

/**
 * Changes that wait are joined up to this size. The ensemble keeps its last 500 transactions in
 * memory.
 */
const BATCH_BYTES = 256 * 1024;
/** Servers refuse messages of more than a megabyte (jute.maxbuffer), and close the connection. */
const MOST_BYTES = 1_000_000;

type Turn =
  | {
      readonly type: 'store';
      readonly changes: readonly RowChange[];
      readonly epoch: number;
      readonly resolve: (result: StoreResult) => void;
      readonly reject: (error: Error) => void;
    }
  | { readonly type: 'task'; readonly run: () => Promise<void> };

type Store = Extract<Turn, { readonly type: 'store' }>;

/**
 * The epoch of this master, and the head as it has last written it. ZooKeeper counts versions in 32
 * bits, and takes -1 for any: this would be the case after four thousand million transactions.
 */
type Fence = VersionedHead;

export class ZooKeeperRegistry implements Registry {
  readonly #options: ZooKeeperRegistryOptions;
  readonly #clock: Clock;
  readonly #layout: Layout;
  readonly #connection: ZooKeeperConnection;
  #turns: Turn[] = [];
  /** Resolves when all turns have been taken; undefined while nothing waits. */
  #working: Promise<void> | undefined;
  #fence: Fence | undefined;
  /** What is there, as long as this master's epoch lasts; undefined before it has been read. */
  #content: ZooKeeperContent | undefined;
  /** The session that is watched for its end. */
  #watched: Session | undefined;
  #failure: RegistryError | undefined;

  constructor(options: ZooKeeperRegistryOptions) {
    const { connect, folder, clock, log } = options;
    this.#options = options;
    this.#clock = clock ?? evenClock;
    this.#layout = new Layout(folder);
    this.#connection = new ZooKeeperConnection({ connect, clock, log });
  }

  read(): Promise<RegistrySnapshot> {
    return this.#inTurn(async () => decodeRows((await this.#read()).rows()));
  }

  /** Makes the folder where there is none. */
  beginEpoch(): Promise<number> {
    return this.#inTurn(async () => {
      this.#fence = undefined;
      this.#content = undefined;
      this.#fence = await this.#ask(this.#options.readTimeoutMs, (session) => this.#begin(session));
      this.#watch();
      return this.#fence.epoch;
    });
  }

  /**
   * Thousands of agents that are forgotten would be too much for one transaction. They need none:
   * those that are left are found to be outdated again.
   */
  async store(changes: readonly RegistryChange[], epoch: number): Promise<StoreResult> {
    const rows = changes.flatMap(encodeChange);
    const isDivisible = rows.length > 1 && changes.every(({ type }) => type === 'forget');
    const parts = isDivisible ? rows.map((row) => [row]) : [rows];
    const results = await Promise.all(parts.map((part) => this.#store(part, epoch)));
    return results.find((result) => result === 'notLeader') ?? 'stored';
  }

  sizeBytes(): number {
    return this.#content?.sizeBytes() ?? 0;
  }

  /** What waits is rejected, unless there is a connection over which it can be stored. */
  async close(): Promise<void> {
    if (this.#connection.isConnected()) {
      await this.#working;
    }
    await this.#connection.close();
  }

  #store(changes: readonly RowChange[], epoch: number): Promise<StoreResult> {
    return new Promise((resolve, reject) => {
      this.#take({ type: 'store', changes, epoch, resolve, reject });
    });
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#take({ type: 'task', run: () => run().then(resolve, reject) });
    });
  }

  #take(turn: Turn): void {
    this.#turns.push(turn);
    // All changes that are stored in this turn of the event loop join the transaction.
    this.#working ??= Promise.resolve().then(() => this.#work());
  }

  async #work(): Promise<void> {
    while (this.#turns.length > 0) {
      const turns = this.#turns;
      this.#turns = [];
      for (let at = 0; at < turns.length; ) {
        const turn = turns[at] as Turn;
        if (turn.type === 'task') {
          await turn.run();
          at++;
        } else {
          at += await this.#storeSome(turns, at, turn);
        }
      }
    }
    this.#working = undefined;
  }

  async #begin(session: Session): Promise<Fence> {
    await makeFolder(session, this.#layout);
    for (;;) {
      const { epoch, version } = await readHead(session, this.#layout);
      const begun = { epoch: epoch + 1, batch: 0 };
      try {
        return {
          ...begun,
          version: await session.set(this.#layout.head, encodeHead(begun), version),
        };
      } catch (error) {
        // An earlier leader has written meanwhile, or another master has begun an epoch.
        if (!isFault(error, 'badVersion')) {
          throw error;
        }
      }
    }
  }

  async #read(): Promise<ZooKeeperContent> {
    this.#content = await this.#ask(this.#options.readTimeoutMs, (session) =>
      readContent(session, this.#layout),
    );
    return this.#content;
  }

  /**
   * Stores those that are next, as far as they are of one epoch and fit into one transaction.
   * Resolves to how many that were.
   */
  async #storeSome(turns: readonly Turn[], at: number, first: Store): Promise<number> {
    const group: Store[] = [];
    try {
      const fence = this.#fence;
      if (this.#failure !== undefined) {
        throw this.#failure;
      }
      if (fence === undefined || fence.epoch !== first.epoch) {
        first.resolve('notLeader');
        return 1;
      }
      const batch = new Batch(this.#content ?? (await this.#read()), this.#layout);
      for (let index = at; index < turns.length; index++) {
        const turn = turns[index] as Turn;
        const mostBytes = group.length === 0 ? MOST_BYTES : BATCH_BYTES;
        if (
          turn.type !== 'store' ||
          turn.epoch !== fence.epoch ||
          !batch.add(turn.changes, mostBytes)
        ) {
          break;
        }
        group.push(turn);
      }
      if (group.length === 0) {
        throw new RegistryError(
          'ZooKeeper cannot hold the change: with what belongs to it, it is larger than ' +
            `${MOST_BYTES} bytes`,
        );
      }
      const result = await this.#carryOut(batch, fence);
      for (const { resolve } of group) {
        resolve(result);
      }
      return group.length;
    } catch (error) {
      const failed = group.length === 0 ? [first] : group;
      for (const { reject } of failed) {
        reject(error as Error);
      }
      return failed.length;
    }
  }

  async #carryOut(batch: Batch, fence: Fence): Promise<StoreResult> {
    const next = await this.#ask(this.#options.storeTimeoutMs, (session, isRetry) =>
      this.#transact(session, batch.operations, fence, isRetry),
    );
    this.#fence = next;
    if (next === undefined) {
      return 'notLeader';
    }
    batch.keep();
    return 'stored';
  }

  /** Resolves to the head as it is afterwards, or to undefined where a later epoch has begun. */
  async #transact(
    session: Session,
    operations: readonly Operation[],
    fence: Fence,
    isRetry: boolean,
  ): Promise<Fence | undefined> {
    const { head } = this.#layout;
    const next = { epoch: fence.epoch, batch: fence.batch + 1 };
    let { version } = fence;
    for (let isInDoubt = isRetry; ; isInDoubt = true) {
      if (isInDoubt) {
        const found = await readHead(session, this.#layout);
        if (found.epoch > next.epoch) {
          return undefined;
        }
        if (found.epoch === next.epoch && found.batch === next.batch) {
          return found;
        }
        if (found.epoch !== next.epoch || found.batch !== fence.batch) {
          throw this.#lose(`${head} in ZooKeeper has been changed by others than masters`);
        }
        ({ version } = found);
      }
      try {
        const data = encodeHead(next);
        await session.transact([{ type: 'set', path: head, data, version }, ...operations]);
        return { ...next, version: version + 1 };
      } catch (error) {
        if (isFault(error, 'noNode', 'nodeExists', 'notEmpty')) {
          throw this.#lose(
            `${this.#layout.folder} in ZooKeeper has been deleted, or changed by others than masters`,
          );
        }
        if (!isFault(error, 'badVersion')) {
          throw error;
        }
      }
    }
  }

  /** Does it when there is a connection. Rejects with RegistryError. */
  async #ask<T>(
    timeoutMs: number | undefined,
    work: (session: Session, isRetry: boolean) => Promise<T>,
  ): Promise<T> {
    if (this.#failure !== undefined) {
      throw this.#failure;
    }
    const { promise: late, reject } = Promise.withResolvers<never>();
    const giveUp = (afterMs: number) => {
      const text = `ZooKeeper took longer than ${formatDuration(afterMs)}`;
      this.#failure ??= new RegistryError(text);
      reject(this.#failure);
    };
    const cancel =
      timeoutMs === undefined ? undefined : this.#clock.after(timeoutMs, () => giveUp(timeoutMs));
    try {
      return await Promise.race([this.#connection.run(work), late]);
    } catch (error) {
      throw error instanceof RegistryError ? error : wrapped(error as Error);
    } finally {
      cancel?.();
    }
  }

  /**
   * Looks whether the registry is there, and again whenever something changes beside its head. A
   * master whose registry is gone must not go on as if it had one, even while there is nothing to
   * write.
   */
  #watch(): void {
    const { folder } = this.#layout;
    const looked = this.#connection.run(async (session) => {
      if (this.#watched !== session) {
        this.#watched = session;
        session.onState((state) => {
          if (state === 'expired') {
            this.#watch();
          }
        });
      }
      const names = await session.children(folder, () => this.#watch());
      return this.#layout.names.every((name) => names.includes(name));
    });
    looked.then(
      (isThere) => isThere || this.#lose(`${folder} in ZooKeeper has been deleted`),
      (error: unknown) => {
        // Without rights to look, or after `close`, there is nothing to tell.
        if (isFault(error, 'noNode')) {
          this.#lose(`${folder} in ZooKeeper has been deleted`);
        }
      },
    );
  }

  #lose(message: string): RegistryError {
    if (this.#failure === undefined) {
      this.#failure = new RegistryError(message);
      this.#options.onLost?.(this.#failure);
    }
    return this.#failure;
  }
}

const wrapped = (error: Error) => new RegistryError(error.message, { cause: error });
