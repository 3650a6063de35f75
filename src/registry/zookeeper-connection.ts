// The registry's way to ZooKeeper, over as many sessions as it takes: after the end of one there is
// another. Work that was interrupted is done again.
import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '../filesystem/stall.ts';
import type { Session, SessionState } from '../zookeeper/interface.ts';
import { isFault } from '../zookeeper/zookeeper-error.ts';
import { RegistryError } from './registry.ts';

interface ConnectionOptions {
  /** Begins a session. */
  readonly connect: () => Session;
  readonly log?: Log | undefined;
}

/** How long there may be no connection before the log is told. */
const PATIENCE_MS = 2_000;
/** The least time between the beginnings of two sessions, and between attempts after the second. */
const PACE_MS = 1_000;

export class ZooKeeperConnection {
  readonly #connect: () => Session;
  readonly #log: Log;
  readonly #closing = new AbortController();
  #session: Session;
  #begunMs = performance.now();
  #complaint: NodeJS.Timeout | undefined;
  #hasComplained = false;
  /** Called at the next change of the connection. */
  #waiting: (() => void)[] = [];

  constructor({ connect, log = () => undefined }: ConnectionOptions) {
    this.#connect = connect;
    this.#log = log;
    this.#session = this.#begin();
  }

  /**
   * Does the work, again and again until no connection or session ends in the middle of it. All but
   * the first time, `isRetry` says that what was asked for may have been carried out. Rejects with
   * what the work rejects with, and with RegistryError after `close`.
   */
  async run<T>(work: (session: Session, isRetry: boolean) => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      if (attempt > 1) {
        await this.#pause(PACE_MS);
      }
      const session = await this.#connected();
      try {
        return await work(session, attempt > 0);
      } catch (error) {
        if (!isFault(error, 'connectionLoss', 'disconnected', 'expired', 'closed')) {
          throw error;
        }
      }
    }
  }

  isConnected(): boolean {
    return this.#session.state === 'connected';
  }

  async close(): Promise<void> {
    this.#closing.abort();
    clearTimeout(this.#complaint);
    this.#wake();
    await this.#session.close();
  }

  async #connected(): Promise<Session> {
    while (this.#session.state !== 'connected') {
      if (this.#closing.signal.aborted) {
        throw new RegistryError('The registry has been closed');
      }
      if (this.#session.state === 'refused') {
        throw new RegistryError('ZooKeeper refuses the credentials');
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    return this.#session;
  }

  #begin(): Session {
    this.#begunMs = performance.now();
    const session = this.#connect();
    session.onState((state) => this.#changed(state));
    this.#complainLater();
    return session;
  }

  #changed(state: SessionState): void {
    if (state === 'connected') {
      clearTimeout(this.#complaint);
      this.#complaint = undefined;
      if (this.#hasComplained) {
        this.#hasComplained = false;
        this.#log('info', 'ZooKeeper answers the registry again');
      }
    } else {
      this.#complainLater();
    }
    if (state === 'expired') {
      void this.#renew();
    }
    this.#wake();
  }

  async #renew(): Promise<void> {
    await this.#pause(this.#begunMs + PACE_MS - performance.now());
    if (!this.#closing.signal.aborted) {
      this.#session = this.#begin();
    }
  }

  /** `close` ends the pause. */
  async #pause(ms: number): Promise<void> {
    const { signal } = this.#closing;
    await delay(Math.max(0, ms), undefined, { signal }).catch(() => undefined);
  }

  #complainLater(): void {
    if (this.#closing.signal.aborted || this.#hasComplained) {
      return;
    }
    this.#complaint ??= setTimeout(() => {
      this.#hasComplained = true;
      this.#log('error', 'ZooKeeper does not answer the registry; changes wait for it');
    }, PATIENCE_MS).unref();
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) {
      resolve();
    }
  }
}
