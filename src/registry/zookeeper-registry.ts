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
import {
  DamageError,
  type DurableRegistry,
  type RegistryDescription,
  RegistryError,
  type StoreResult,
  TooLargeError,
} from './registry.ts';
import { decodeRows, encodeChange, type RowChange } from './registry-rows.ts';
import { ZooKeeperConnection } from './zookeeper-connection.ts';
import { Batch, type ZooKeeperContent } from './zookeeper-content.ts';
import { type ContentSums, encodeHead, FORMAT } from './zookeeper-head.ts';
import { contentName, Layout } from './zookeeper-layout.ts';
import {
  isCopied,
  isMade,
  makeFolder,
  readContent,
  readHead,
  type VersionedHead,
} from './zookeeper-reader.ts';
import { makeAll, removeRemains, replacementOf } from './zookeeper-replacement.ts';

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

/** What a transaction does beside writing the head, and what the head tells with it. */
interface Write {
  readonly operations: readonly Operation[];
  readonly content: string;
  readonly sums: ContentSums;
}

export class ZooKeeperRegistry implements DurableRegistry {
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

  describe(): Promise<RegistryDescription | undefined> {
    return this.#inTurn(() =>
      this.#ask(this.#options.readTimeoutMs, async (session) => {
        const isThere = await isMade(session, this.#layout);
        return isThere
          ? { format: FORMAT, epoch: (await readHead(session, this.#layout)).epoch }
          : undefined;
      }),
    );
  }

  replace(changes: readonly RegistryChange[], epoch: number): Promise<StoreResult> {
    return this.#inTurn(() => this.#replace(changes.flatMap(encodeChange), epoch));
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
      const found = await readHead(session, this.#layout);
      if (isCopied(found)) {
        this.#options.log?.(
          'error',
          `${this.#layout.folder} in ZooKeeper is a copy: nothing tells whether it is of the latest`,
        );
      }
      const { version } = found;
      const begun = { ...found, epoch: found.epoch + 1, batch: 0, writes: version + 1 };
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
    const { content, flaws } = await this.#ask(this.#options.readTimeoutMs, (session) =>
      readContent(session, this.#layout),
    );
    if (flaws.length > 0) {
      throw new DamageError(flaws, decodeRows(content.rows()));
    }
    this.#content = content;
    return content;
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
      const place = this.#layout.place(fence.content);
      const batch = new Batch(this.#content ?? (await this.#read()), place);
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
        throw new TooLargeError(
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
    const result = await this.#write({ content: fence.content, ...batch.finish() }, fence);
    if (result === 'stored') {
      batch.keep();
    }
    return result;
  }

  async #replace(changes: readonly RowChange[], epoch: number): Promise<StoreResult> {
    const fence = this.#fence;
    if (fence?.epoch !== epoch) {
      return 'notLeader';
    }
    const layout = this.#layout;
    const name = contentName({ epoch, batch: fence.batch + 1 });
    const { content, sums, portions } = replacementOf(changes, layout.place(name), {
      portionBytes: BATCH_BYTES,
      mostBytes: MOST_BYTES,
    });
    const { storeTimeoutMs } = this.#options;
    await this.#ask(storeTimeoutMs, (session) => removeRemains(session, layout));
    for (const portion of portions) {
      const leads = await this.#ask(storeTimeoutMs, (session, isRetry) =>
        makeAll(session, layout, { portion, epoch, isRetry }),
      );
      if (!leads) {
        return 'notLeader';
      }
    }
    const result = await this.#write({ content: name, operations: [], sums }, fence);
    if (result === 'stored') {
      this.#content = content;
      await this.#removeRemains();
    }
    return result;
  }

  /** What fails there is tried again with the next replacement. */
  async #removeRemains(): Promise<void> {
    try {
      await this.#ask(undefined, (session) => removeRemains(session, this.#layout));
    } catch (error) {
      this.#options.log?.('error', `What was replaced is not removed: ${(error as Error).message}`);
    }
  }

  async #write(write: Write, fence: Fence): Promise<StoreResult> {
    this.#fence = await this.#ask(this.#options.storeTimeoutMs, (session, isRetry) =>
      this.#transact(session, write, fence, isRetry),
    );
    return this.#fence === undefined ? 'notLeader' : 'stored';
  }

  /** Resolves to the head as it is afterwards, or to undefined where a later epoch has begun. */
  async #transact(
    session: Session,
    { operations, content, sums }: Write,
    fence: Fence,
    isRetry: boolean,
  ): Promise<Fence | undefined> {
    const { head } = this.#layout;
    const next = { epoch: fence.epoch, batch: fence.batch + 1, content, ...sums };
    let { version } = fence;
    for (let isInDoubt = isRetry; ; isInDoubt = true) {
      if (isInDoubt) {
        const found = await this.#headOrLose(session);
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
        const writes = version + 1;
        const data = encodeHead({ ...next, writes });
        await session.transact([{ type: 'set', path: head, data, version }, ...operations]);
        return { ...next, writes, version: writes };
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

  /** A head that cannot be read was written by a newer master, or by none. */
  async #headOrLose(session: Session): Promise<VersionedHead> {
    try {
      return await readHead(session, this.#layout);
    } catch (error) {
      throw error instanceof RegistryError ? this.#lose(error.message) : error;
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
      const { why } = this.#connection;
      const text = `ZooKeeper took longer than ${formatDuration(afterMs)}${why}`;
      this.#failure ??= new RegistryError(text);
      reject(this.#failure);
    };
    const cancel =
      timeoutMs === undefined ? undefined : this.#clock.after(timeoutMs, () => giveUp(timeoutMs));
    try {
      return await Promise.race([this.#connection.run(work), late]);
    } catch (error) {
      throw error instanceof RegistryError ? error : this.#explained(error as Error);
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
      const { epoch, content } = this.#fence ?? {};
      if (content === undefined || ['head', content].every((name) => names.includes(name))) {
        return undefined;
      }
      const isReplaced =
        names.includes('head') && (await readHead(session, this.#layout)).epoch !== epoch;
      return isReplaced ? 'replaced' : 'deleted';
    });
    looked.then(
      (end) => end === undefined || this.#lose(`${folder} in ZooKeeper has been ${end}`),
      (error: unknown) => {
        // Without rights to look, or after `close`, there is nothing to tell.
        if (isFault(error, 'noNode')) {
          this.#lose(`${folder} in ZooKeeper has been deleted`);
        }
      },
    );
  }

  #explained(error: Error): RegistryError {
    const text = isFault(error, 'noAuth')
      ? `who --zk names (user:password@) has no right to ${this.#layout.folder}: ${error.message}`
      : error.message;
    return new RegistryError(text, { cause: error });
  }

  #lose(message: string): RegistryError {
    if (this.#failure === undefined) {
      this.#failure = new RegistryError(message);
      this.#options.onLost?.(this.#failure);
    }
    return this.#failure;
  }
}
