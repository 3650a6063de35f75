// One session with a ZooKeeper ensemble, from its first connection to its end. Below it is the
// library node-zookeeper-client, which finds a server, keeps the session over connections, and
// speaks the protocol; connection-guard.ts bounds what it does. What is added here is time: the
// library waits for ever for a server that accepts a connection and says nothing, and never ends an
// operation that it still holds when the session ends. A session ends here, too, as soon as the
// ensemble could have ended it: whoever leads by a znode of it must know that without asking.
import {
  ACL,
  type Client,
  CreateMode,
  createClient,
  type Exception,
  Id,
  Permission,
  type Stat,
} from 'node-zookeeper-client';
import { guardConnection, type LibraryConnection } from './connection-guard.ts';
import type { CreateOptions, Node, Operation, Session, SessionState } from './interface.ts';
import { SignsOfLife } from './signs-of-life.ts';
import { isFault, ZooKeeperError, zooKeeperError } from './zookeeper-error.ts';

interface SessionOptions {
  /** `host:port`; tried in an order of this session's own. Names are looked up each time. */
  readonly servers: readonly string[];
  /** `user:password`, for the digest scheme. */
  readonly credentials?: string | undefined;
  /** What the session asks for; the ensemble has bounds of its own, and its answer counts. */
  readonly timeoutMs: number;
  /** Whether somebody leads by it: its signs of life are agreed on then (signs-of-life.ts). */
  readonly isCandidacy?: boolean;
}

type Callback<T extends unknown[]> = (error: Error | Exception | null, ...results: T) => void;

/** What the library's ACL really is; its types name a field that is not there. */
interface GivenRight {
  readonly id: Id;
  readonly permission: number;
}

/** The fault of all operations of a session that has ended. */
const END_FAULTS = { expired: 'expired', closed: 'closed', refused: 'authFailed' } as const;
type EndState = keyof typeof END_FAULTS;

/** How many times the session looks at the clock between two signs of life. */
const LOOKS = 4;
/** How long `close` waits for the ensemble's answer. */
const CLOSE_TIMEOUT_MS = 2_000;
/** The library pauses up to this time when it has tried all servers. */
const MOST_PAUSE_MS = 500;

export class ZooKeeperSession implements Session {
  readonly #client: Client;
  readonly #acls: readonly ACL[];
  readonly #listeners = new Set<(state: SessionState) => void>();
  /** Operations without an answer. */
  readonly #asked = new Set<(error: ZooKeeperError) => void>();
  readonly #looks: NodeJS.Timeout;
  #state: SessionState = 'connecting';
  readonly #signs: SignsOfLife;
  readonly #isCandidacy: boolean;
  #trouble: string | undefined;

  constructor({ servers, credentials, timeoutMs, isCandidacy = false }: SessionOptions) {
    this.#isCandidacy = isCandidacy;
    this.#signs = new SignsOfLife({ timeoutMs, areAgreed: isCandidacy, nowMs: now() });
    this.#client = createClient(shuffled(servers).join(','), {
      sessionTimeout: timeoutMs,
      spinDelay: MOST_PAUSE_MS,
      retries: 0,
    });
    this.#acls = credentials === undefined ? EVERYONE : READ_BY_EVERYONE;
    if (credentials !== undefined) {
      this.#client.addAuthInfo('digest', Buffer.from(credentials));
    }
    this.#client.on('connected', () => this.#connected());
    this.#client.on('disconnected', () => this.#becomes('disconnected'));
    this.#client.on('expired', () => this.#end('expired', 'The session has expired'));
    this.#client.on('authenticationFailed', () =>
      this.#end('refused', 'ZooKeeper refuses the credentials'),
    );
    guardConnection(this.#inside(), {
      isOver: () => this.#isOver(),
      onTrouble: (text) => {
        this.#trouble = text;
      },
    });
    this.#looks = setInterval(() => this.#look(), this.#signs.partMs / LOOKS);
    this.#client.connect();
  }

  get state(): SessionState {
    return this.#state;
  }

  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** The ensemble counts from a sign of life when it gets it, which is after it was sent. */
  isHeld(): boolean {
    return !this.#isOver() && this.#signs.isHeld(now());
  }

  id(): string {
    return this.#client.getSessionId().toString('hex');
  }

  onState(listener: (state: SessionState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  create(path: string, data: Buffer, options: CreateOptions = {}): Promise<string> {
    const { isEphemeral = false, isSequential = false } = options;
    const kind = isEphemeral ? 'EPHEMERAL' : 'PERSISTENT';
    const mode = CreateMode[isSequential ? (`${kind}_SEQUENTIAL` as const) : kind];
    return this.#ask<[string]>(`to create ${path}`, (callback) =>
      this.#client.create(path, data, [...this.#acls], mode, callback),
    ).then(
      ([made]) => made,
      (error) => {
        throw isFault(error, 'noChildren') ? ephemeralAbove(path, error) : error;
      },
    );
  }

  exists(path: string): Promise<boolean> {
    return this.#ask<[Stat | null]>(`to look at ${path}`, (callback) =>
      this.#client.exists(path, callback as Callback<[Stat]>),
    ).then(([stat]) => stat !== null && stat !== undefined);
  }

  isOpenToAll(path: string): Promise<boolean> {
    return this.#ask<[GivenRight[], Stat]>(`to read the rights of ${path}`, (callback) =>
      this.#client.getACL(path, callback as unknown as Callback<[ACL[], Stat]>),
    ).then(([rights]) =>
      rights.some(
        ({ id, permission }) => id.scheme === 'world' && (permission & ~Permission.READ) !== 0,
      ),
    );
  }

  get(path: string, onChange?: () => void): Promise<Node> {
    return this.#ask<[Buffer | undefined, Stat]>(`to read ${path}`, (callback) => {
      const answer = callback as Callback<[Buffer, Stat]>;
      onChange === undefined
        ? this.#client.getData(path, answer)
        : this.#client.getData(path, onChange, answer);
    }).then(([data, { version, ephemeralOwner }]) => ({
      data: data ?? NOTHING,
      version,
      owner: ephemeralOwner.toString('hex'),
    }));
  }

  children(path: string, onChange?: () => void): Promise<readonly string[]> {
    return this.#ask<[string[], Stat]>(`to list ${path}`, (callback) =>
      onChange === undefined
        ? this.#client.getChildren(path, callback)
        : this.#client.getChildren(path, onChange, callback),
    ).then(([names]) => names);
  }

  set(path: string, data: Buffer, version = ANY_VERSION): Promise<number> {
    return this.#ask<[Stat]>(`to write ${path}`, (callback) =>
      this.#client.setData(path, data, version, callback),
    ).then(([stat]) => stat.version);
  }

  delete(path: string): Promise<void> {
    return this.#ask<[]>(`to delete ${path}`, (callback) =>
      this.#client.remove(path, callback),
    ).then(() => undefined);
  }

  /** The library takes version 0 in a transaction for any version. */
  transact(operations: readonly Operation[]): Promise<void> {
    const transaction = this.#client.transaction();
    for (const operation of operations) {
      switch (operation.type) {
        case 'create':
          transaction.create(operation.path, operation.data, [...this.#acls]);
          break;
        case 'set':
          if (operation.version === 0) {
            throw new RangeError('A transaction cannot ask for version 0');
          }
          transaction.setData(operation.path, operation.data, operation.version);
          break;
        case 'delete':
          transaction.remove(operation.path);
          break;
        case 'check':
          transaction.check(operation.path);
          break;
        default:
          operation satisfies never;
      }
    }
    return this.#ask<[unknown]>('to carry out a transaction', (callback) =>
      transaction.commit(callback),
    ).then(() => undefined);
  }

  async close(): Promise<void> {
    if (this.#isOver()) {
      return;
    }
    const isConnected = this.#state === 'connected';
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#client.once('disconnected', () => resolve());
    this.#end('closed', 'The session has been closed');
    if (isConnected) {
      const timer = setTimeout(resolve, CLOSE_TIMEOUT_MS);
      await promise;
      clearTimeout(timer);
    }
    this.#cut();
  }

  #connected(): void {
    this.#trouble = undefined;
    this.#becomes('connected');
    this.#signs.connected(this.#client.getSessionTimeout(), now());
    this.#beat();
  }

  #becomes(state: SessionState): void {
    if (this.#state === state || this.#isOver()) {
      return;
    }
    this.#state = state;
    if (state === 'disconnected') {
      this.#signs.interrupted(now());
    }
    for (const listener of [...this.#listeners]) {
      listener(state);
    }
  }

  #isOver(): boolean {
    return this.#state in END_FAULTS;
  }

  #look(): void {
    const nowMs = now();
    if (this.#signs.isProved && !this.#signs.isHeld(nowMs)) {
      this.#end('expired', 'The session has expired: no server of the ensemble answers');
      this.#cut();
    } else if (this.#signs.isSilent(nowMs)) {
      this.#signs.interrupted(nowMs);
      this.#cut();
    } else if (this.#state === 'connected' && this.#signs.isDue(nowMs)) {
      this.#beat();
    }
  }

  #beat(): void {
    this.#signs.sent(now());
    const answered = (error: Error | Exception | null) => {
      if (error === null || error === undefined || isAnswer(error)) {
        this.#signs.answered(now());
      }
    };
    if (this.#isCandidacy) {
      this.#client.transaction().check('/').commit(answered);
    } else {
      this.#client.exists('/', answered);
    }
  }

  /** The library goes on with the next server, unless it was told to end. */
  #cut(): void {
    const { socket, connectTimeoutHandler } = this.#inside();
    clearTimeout(connectTimeoutHandler ?? undefined);
    socket?.destroy();
  }

  #inside(): LibraryConnection {
    return (this.#client as unknown as { connectionManager: LibraryConnection }).connectionManager;
  }

  #end(state: EndState, message: string): void {
    if (this.#isOver()) {
      return;
    }
    clearInterval(this.#looks);
    this.#becomes(state);
    this.#client.close();
    for (const fail of [...this.#asked]) {
      fail(new ZooKeeperError(END_FAULTS[state], message));
    }
    this.#listeners.clear();
  }

  #ask<T extends unknown[]>(doing: string, send: (callback: Callback<T>) => void): Promise<T> {
    if (this.#state !== 'connected') {
      const fault = this.#isOver() ? END_FAULTS[this.#state as EndState] : 'disconnected';
      return Promise.reject(
        new ZooKeeperError(
          fault,
          `ZooKeeper was not asked ${doing}: the session is ${this.#state}`,
        ),
      );
    }
    return new Promise((resolve, reject) => {
      this.#asked.add(reject);
      send((error, ...results) => {
        this.#asked.delete(reject);
        if (error === null || error === undefined) {
          resolve(results);
        } else {
          reject(zooKeeperError(error, doing));
        }
      });
    });
  }
}

function ephemeralAbove(path: string, cause: ZooKeeperError): ZooKeeperError {
  const above = path.slice(0, path.lastIndexOf('/'));
  return new ZooKeeperError(
    cause.fault,
    `${cause.message}: ${above} is ephemeral, and can have nothing below it. It goes with the ` +
      'session that made it; it is to be deleted, or another path to be named',
    cause,
  );
}

const NOTHING = Buffer.alloc(0);
const ANY_VERSION = -1;
const EVERYONE = [new ACL(Permission.ALL, new Id('world', 'anyone'))];
/** As Mesos's: everybody finds the leader, and who has the credentials does all. */
const READ_BY_EVERYONE = [
  new ACL(Permission.READ, new Id('world', 'anyone')),
  new ACL(Permission.ALL, new Id('auth', '')),
];

/** Also a refusal is agreed on: who may not look at the root gets one. */
const isAnswer = (error: Error | Exception) =>
  isFault(zooKeeperError(error, ''), 'noAuth', 'noNode');

/** A clock that nobody sets. */
const now = () => performance.now();

function shuffled(servers: readonly string[]): string[] {
  return servers
    .map((server) => ({ server, key: Math.random() }))
    .toSorted((a, b) => a.key - b.key)
    .map(({ server }) => server);
}
