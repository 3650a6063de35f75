// What contenders, detectors and the registry know of a session with ZooKeeper. The real one is
// session.ts; simulations have a model of it.

/**
 * `disconnected`: it may go on, with another server. The last three are final; `refused` is one
 * whose credentials the ensemble does not take.
 */
export type SessionState =
  | 'connecting'
  | 'connected'
  | 'disconnected'
  | 'expired'
  | 'closed'
  | 'refused';

export interface Node {
  readonly data: Buffer;
  /** How often the data has been set. */
  readonly version: number;
  /** The id of the session with which it goes; zeros where it is not ephemeral. */
  readonly owner: string;
}

export interface CreateOptions {
  readonly isEphemeral?: boolean;
  /** The ensemble appends ten digits. */
  readonly isSequential?: boolean;
}

/** One part of a transaction. A version is that which the znode must have. */
export type Operation =
  | { readonly type: 'create'; readonly path: string; readonly data: Buffer }
  | {
      readonly type: 'set';
      readonly path: string;
      readonly data: Buffer;
      readonly version?: number | undefined;
    }
  | { readonly type: 'delete'; readonly path: string }
  /**
   * Changes nothing. All that was carried out before it is seen afterwards in the session,
   * whichever server it is with.
   */
  | { readonly type: 'check'; readonly path: string };

export interface Session {
  readonly state: SessionState;
  /** Why the last attempt to connect failed, where that is known and none has succeeded since. */
  readonly trouble: string | undefined;
  /**
   * Whether the ensemble cannot have ended the session yet, by the clock of this process: it need
   * not be asked for that.
   */
  isHeld(): boolean;
  /** In the form in which a znode names its owner: 16 hexadecimal digits. */
  id(): string;
  /** Calls the listener at each change; what it returns ends that. */
  onState(listener: (state: SessionState) => void): () => void;
  /**
   * Makes a znode and answers with its path. Like all that follow, it rejects with ZooKeeperError.
   */
  create(path: string, data: Buffer, options?: CreateOptions): Promise<string>;
  exists(path: string): Promise<boolean>;
  /** Whether everybody, and not only who has the credentials, may change the znode. */
  isOpenToAll(path: string): Promise<boolean>;
  /** `onChange` is called once, when the data changes or the znode goes. */
  get(path: string, onChange?: () => void): Promise<Node>;
  /** `onChange` is called once, when there is another list. */
  children(path: string, onChange?: () => void): Promise<readonly string[]>;
  /** Answers with the version that the znode has afterwards. */
  set(path: string, data: Buffer, version?: number): Promise<number>;
  delete(path: string): Promise<void>;
  /** Carries all operations out, or none. Version 0 cannot be asked for. */
  transact(operations: readonly Operation[]): Promise<void>;
  /**
   * Ends the session, and with it its ephemeral znodes. Where there is no connection, these stay
   * until the ensemble ends the session by itself.
   */
  close(): Promise<void>;
}
