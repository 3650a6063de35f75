// The folder of an election in ZooKeeper, as one program sees it: who stands there, and, where the
// program is a candidate itself, its own znode. A group keeps a session as long as someone listens,
// and begins another when that has ended; with it its candidacy begins anew, behind all others.
//
// The folder is looked at as a whole whenever it changes, and whenever the session is connected
// again. Only one look is under way at a time, so that what listeners hear is in order.

import { errorText } from '../../model/error-text.ts';
import type { LogLevel } from '../../model/process-effects.ts';
import { type Clock, evenClock } from '../../zookeeper/clock.ts';
import { createFolder } from '../../zookeeper/folders.ts';
import type { Node, Session, SessionState } from '../../zookeeper/interface.ts';
import { ZooKeeperSession } from '../../zookeeper/session.ts';
import { isFault, ZooKeeperError } from '../../zookeeper/zookeeper-error.ts';
import type { ZooKeeperUrl } from '../../zookeeper/zookeeper-url.ts';
import { MEMBER_PREFIX, type Member, membersAmong } from './member.ts';

export interface GroupOptions {
  readonly url: ZooKeeperUrl;
  readonly sessionTimeoutMs: number;
  /** Whether the program stands for election. */
  readonly isCandidacy?: boolean | undefined;
  /**
   * Folders besides that of the candidates in which only those with the credentials should write:
   * where the URL has some, the log warns of what everybody may change.
   */
  readonly owned?: readonly string[] | undefined;
  /** Begins a session. By default with the ensemble of the URL. */
  readonly open?: (() => Session) | undefined;
  readonly clock?: Clock | undefined;
  readonly log: (level: LogLevel, text: string) => void;
}

export interface GroupView {
  /** The leader first. */
  readonly members: readonly Member[];
  /** The name of this program's own znode, where it stands. */
  readonly own: string | undefined;
}

interface GroupListener {
  /**
   * Called after each look, also where nothing has changed. Undefined where the session has ended:
   * who stands is not known, and an own znode is gone, or will be.
   */
  seen(view: GroupView | undefined): void;
  /**
   * ZooKeeper refuses the credentials, or the folder's rights do. The group tries again. Where
   * there is nobody to be told, the log is.
   */
  refused?(reason: string): void;
}

/** The time between two attempts of what failed, or to see a folder that is not there yet. */
const RETRY_MS = 1_000;
/** The longest time between two log lines about an ensemble out of reach. */
const SAY_AGAIN_MS = 10 * 60_000;
const NOTHING = Buffer.alloc(0);

export class Group {
  readonly #options: GroupOptions;
  readonly #clock: Clock;
  readonly #listeners = new Set<GroupListener>();
  #session: Session | undefined;
  #isClosed = false;
  /** What the own znode has in it, where this program is to stand. */
  #data: Buffer | undefined;
  #own: string | undefined;
  /** Whether there may be an own znode of this session whose name is not known. */
  #isDoubtful = false;
  #isLooking = false;
  #isLookWanted = false;
  /** Cancels the next attempt. */
  #cancelRetry = () => {};
  /** Cancels the end of patience; it runs while there is no connection. */
  #cancelPatience = () => {};
  /** What the log has been told since the last connection that lasted. */
  readonly #said = new Set<string>();
  /** Cancels the moment in which the connection has lasted. */
  #cancelLasting = () => {};
  #unreachableSinceMs: number | undefined;
  #sayAtMs = 0;
  #lastFailure: string | undefined;
  #hasSeenRights = false;

  /** Connects when it is first listened to. */
  constructor(options: GroupOptions) {
    this.#options = options;
    this.#clock = options.clock ?? evenClock;
  }

  /** Whether the ensemble cannot have ended the session, and with it the own znode. */
  get isHeld(): boolean {
    return this.#session?.isHeld() ?? false;
  }

  /** What it returns ends that. The last one who ends it closes the group. */
  listen(listener: GroupListener): () => void {
    this.#listeners.add(listener);
    if (this.#session === undefined && !this.#isClosed) {
      this.#open();
    } else {
      this.#look();
    }
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) {
        void this.close();
      }
    };
  }

  /** Stands for election, in each session anew. */
  join(data: Buffer): void {
    this.#data = data;
    this.#look();
  }

  /** Does not stand again when the own znode is gone. */
  retire(): void {
    this.#data = undefined;
  }

  /** The znode of a candidate; `onChange` is called once, when it has changed or is gone. */
  async read({ name }: Member, onChange: () => void): Promise<Node> {
    const session = this.#session;
    if (session === undefined) {
      throw new ZooKeeperError('closed', 'The group is closed');
    }
    return await session.get(this.#pathOf(name), onChange);
  }

  /** Looks again after a time. */
  lookLater(): void {
    this.#cancelRetry();
    this.#cancelRetry = this.#clock.after(RETRY_MS, () => this.#look());
  }

  /** Takes the own znode away, at once where there is a connection, and looks at nothing more. */
  async close(): Promise<void> {
    const session = this.#session;
    this.#isClosed = true;
    this.#session = undefined;
    this.#own = undefined;
    this.#cancelRetry();
    this.#cancelPatience();
    this.#cancelLasting();
    await session?.close();
  }

  #open(): void {
    const { url, sessionTimeoutMs: timeoutMs, isCandidacy = false, open } = this.#options;
    const session = open?.() ?? new ZooKeeperSession({ ...url, timeoutMs, isCandidacy });
    this.#session = session;
    this.#own = undefined;
    this.#isDoubtful = false;
    session.onState((state) => {
      if (session === this.#session) {
        this.#becomes(state);
      }
    });
    this.#cancelPatience = this.#clock.after(timeoutMs, () => this.#unreachable(session));
  }

  #becomes(state: SessionState): void {
    const { sessionTimeoutMs } = this.#options;
    switch (state) {
      case 'connected':
        this.#cancelPatience();
        this.#unreachableSinceMs = undefined;
        this.#sayAtMs = 0;
        this.#sayOnce('info', `Connected with ZooKeeper at ${this.#ensemble}`);
        if (this.#said.size === 1) {
          // The first connection of all ends no outage.
          this.#said.clear();
        }
        this.#cancelLasting = this.#clock.after(sessionTimeoutMs, () => this.#said.clear());
        this.#look();
        return;
      case 'disconnected':
        this.#cancelLasting();
        this.#sayOnce('warn', 'Lost the connection with ZooKeeper, looking for another server');
        return;
      case 'expired':
        this.#cancelLasting();
        this.#sayOnce('warn', 'The session with ZooKeeper has expired, beginning another one');
        this.#replace();
        return;
      case 'refused':
        this.#refuse('it refuses the credentials of the URL');
        this.#cancelRetry();
        this.#cancelRetry = this.#clock.after(RETRY_MS, () => this.#replace());
        return;
      case 'connecting':
      case 'closed':
        return;
      default:
        state satisfies never;
    }
  }

  /** Connections that come and go are one outage, of which each is said once. */
  #sayOnce(level: LogLevel, text: string): void {
    if (!this.#said.has(text)) {
      this.#said.add(text);
      this.#options.log(level, text);
    }
  }

  /** The session has ended. */
  #replace(): void {
    this.#cancelPatience();
    this.#cancelRetry();
    this.#own = undefined;
    this.#tell(undefined);
    if (!this.#isClosed) {
      this.#open();
    }
  }

  /**
   * A session that has found no server for so long is exchanged for another one, which tries them
   * in another order.
   */
  #unreachable(session: Session): void {
    const nowMs = this.#clock.nowMs();
    this.#unreachableSinceMs ??= nowMs - this.#options.sessionTimeoutMs;
    const forMs = nowMs - this.#unreachableSinceMs;
    if (nowMs >= this.#sayAtMs) {
      this.#sayAtMs = nowMs + Math.min(forMs, SAY_AGAIN_MS);
      const seconds = Math.round(forMs / 1_000);
      const why = session.trouble === undefined ? '' : ` (${session.trouble})`;
      this.#options.log(
        'warn',
        `ZooKeeper at ${this.#ensemble} has not answered for ${seconds} s${why}, trying again`,
      );
    }
    this.#open();
    void session.close();
  }

  #look(): void {
    this.#isLookWanted = true;
    if (!this.#isLooking) {
      void this.#lookAround();
    }
  }

  async #lookAround(): Promise<void> {
    this.#isLooking = true;
    while (this.#isLookWanted && this.#session !== undefined) {
      this.#isLookWanted = false;
      const session = this.#session;
      try {
        await this.#lookOnce(session);
      } catch (error) {
        if (session === this.#session) {
          this.#failed(error);
        }
      }
    }
    this.#isLooking = false;
  }

  async #lookOnce(session: Session): Promise<void> {
    if (session.state !== 'connected') {
      return;
    }
    if (this.#data !== undefined && this.#own === undefined) {
      const made = await this.#stand(session, this.#data);
      if (session !== this.#session) {
        return;
      }
      this.#own = made;
    }
    const members = membersAmong(await this.#list(session));
    if (session !== this.#session) {
      return;
    }
    this.#lastFailure = undefined;
    if (this.#own !== undefined && !members.some(({ name }) => name === this.#own)) {
      this.#options.log('warn', `The candidacy ${this.#own} was deleted in ZooKeeper`);
      this.#own = undefined;
      this.#isLookWanted = true;
    }
    this.#tell({ members, own: this.#own });
    if (this.#own !== undefined && !this.#hasSeenRights) {
      await this.#seeRights(session);
      this.#hasSeenRights = true;
    }
  }

  /** What was made before there were credentials, or by a command without them, stays open. */
  async #seeRights(session: Session): Promise<void> {
    const { url, owned = [], log } = this.#options;
    if (url.credentials === undefined) {
      return;
    }
    for (const path of [url.path, ...owned]) {
      const isOpen = await session.isOpenToAll(path).catch((error: unknown) => {
        if (isFault(error, 'noNode', 'noAuth')) {
          return false;
        }
        throw error;
      });
      if (isOpen) {
        log(
          'warn',
          `OPEN TO STRANGERS: everybody may change ${path} in ZooKeeper, which was made without ` +
            'credentials. To close it, in zkCli.sh: addauth digest USER:PASSWORD, and then ' +
            `setAcl -R ${path} auth::cdrwa,world:anyone:r`,
        );
      }
    }
  }

  /** Makes the own znode, or finds it where it was made and the answer was lost. */
  async #stand(session: Session, data: Buffer): Promise<string> {
    const found = this.#isDoubtful ? await this.#find(session) : undefined;
    this.#isDoubtful = false;
    if (found !== undefined) {
      return found;
    }
    try {
      await createFolder(session, this.#options.url.path);
      const path = await session.create(this.#pathOf(MEMBER_PREFIX), data, {
        isEphemeral: true,
        isSequential: true,
      });
      return path.slice(path.lastIndexOf('/') + 1);
    } catch (error) {
      this.#isDoubtful = isFault(error, 'connectionLoss') && session === this.#session;
      throw error;
    }
  }

  /** The own znode of this session. */
  async #find(session: Session): Promise<string | undefined> {
    // What is read is as old as the server's copy, unless something was written in between: also a
    // write that is refused makes the server take all that came before.
    await session.create(this.#options.url.path, NOTHING).catch((error: unknown) => {
      if (!isFault(error, 'nodeExists', 'noAuth')) {
        throw error;
      }
    });
    for (const { name } of membersAmong(await session.children(this.#options.url.path))) {
      if ((await this.#ownerOf(name, session)) === session.id()) {
        return name;
      }
    }
    return undefined;
  }

  /** Undefined where it has gone meanwhile. */
  async #ownerOf(name: string, session: Session): Promise<string | undefined> {
    try {
      return (await session.get(this.#pathOf(name))).owner;
    } catch (error) {
      if (isFault(error, 'noNode')) {
        return undefined;
      }
      throw error;
    }
  }

  /** Nobody stands where the folder is not there yet. */
  async #list(session: Session): Promise<readonly string[]> {
    try {
      return await session.children(this.#options.url.path, this.#onChange);
    } catch (error) {
      if (!isFault(error, 'noNode')) {
        throw error;
      }
      if (session === this.#session) {
        this.lookLater();
      }
      return [];
    }
  }

  /** One function, for the library calls each that it was given. */
  readonly #onChange = () => this.#look();

  #failed(error: unknown): void {
    // A look follows when the session is connected again, or another one is.
    if (isFault(error, 'connectionLoss', 'disconnected', 'expired', 'closed')) {
      return;
    }
    if (isFault(error, 'noAuth', 'authFailed')) {
      this.#refuse(`${errorText(error)} (it wants other credentials, user:password@, in the URL)`);
    } else if (errorText(error) !== this.#lastFailure) {
      this.#lastFailure = errorText(error);
      this.#options.log('error', `${this.#lastFailure}, trying again`);
    }
    this.lookLater();
  }

  #refuse(reason: string): void {
    const text = `ZooKeeper at ${this.#ensemble} takes no part of this program: ${reason}`;
    const refused = [...this.#listeners].filter((it) => it.refused !== undefined);
    if (refused.length === 0 && text !== this.#lastFailure) {
      this.#lastFailure = text;
      this.#options.log('error', text);
    }
    for (const listener of refused) {
      listener.refused?.(text);
    }
  }

  #tell(view: GroupView | undefined): void {
    for (const listener of [...this.#listeners]) {
      listener.seen(view);
    }
  }

  get #ensemble(): string {
    return this.#options.url.servers.join(',');
  }

  #pathOf(name: string): string {
    const { path } = this.#options.url;
    return `${path === '/' ? '' : path}/${name}`;
  }
}
