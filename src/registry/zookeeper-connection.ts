// The registry's way to ZooKeeper, over as many sessions as it takes: after the end of one there is
// another. Work that was interrupted is done again.
import type { Log } from '../filesystem/stall.ts';
import { type Clock, evenClock } from '../zookeeper/clock.ts';
import type { Session, SessionState } from '../zookeeper/interface.ts';
import { isFault } from '../zookeeper/zookeeper-error.ts';
import { RegistryError } from './registry.ts';

interface ConnectionOptions {
  /** Begins a session. */
  readonly connect: () => Session;
  readonly clock?: Clock | undefined;
  readonly log?: Log | undefined;
}

/** How long there may be no connection before the log is told. */
const PATIENCE_MS = 2_000;
/** The least time between the beginnings of two sessions, and between attempts after the second. */
const PACE_MS = 1_000;

export class ZooKeeperConnection {
  readonly #connect: () => Session;
  readonly #log: Log;
  readonly #clock: Clock;
  #isClosing = false;
  #session: Session;
  #begunMs: number;
  /** Cancels the complaint that is due; undefined where none is. */
  #cancelComplaint: (() => void) | undefined;
  /** Ends all pauses. */
  readonly #pauses = new Set<() => void>();
  #hasComplained = false;
  /** Called at the next change of the connection. */
  #waiting: (() => void)[] = [];

  constructor({ connect, clock = evenClock, log = () => undefined }: ConnectionOptions) {
    this.#clock = clock;
    this.#begunMs = clock.nowMs();
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

  /** In brackets, where it is known why there is no connection. */
  get why(): string {
    const { trouble } = this.#session;
    return trouble === undefined ? '' : ` (${trouble})`;
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    this.#cancelComplaint?.();
    for (const end of this.#pauses) {
      end();
    }
    this.#wake();
    await this.#session.close();
  }

  async #connected(): Promise<Session> {
    while (this.#session.state !== 'connected') {
      if (this.#isClosing) {
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
    this.#begunMs = this.#clock.nowMs();
    const session = this.#connect();
    session.onState((state) => this.#changed(state));
    this.#complainLater();
    return session;
  }

  #changed(state: SessionState): void {
    if (state === 'connected') {
      this.#cancelComplaint?.();
      this.#cancelComplaint = undefined;
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
    await this.#pause(this.#begunMs + PACE_MS - this.#clock.nowMs());
    if (!this.#isClosing) {
      this.#session = this.#begin();
    }
  }

  /** `close` ends the pause. */
  #pause(ms: number): Promise<void> {
    if (this.#isClosing) {
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const end = () => {
        cancel();
        this.#pauses.delete(end);
        resolve();
      };
      const cancel = this.#clock.after(Math.max(0, ms), end);
      this.#pauses.add(end);
    });
  }

  #complainLater(): void {
    if (this.#isClosing || this.#hasComplained) {
      return;
    }
    this.#cancelComplaint ??= this.#clock.after(PATIENCE_MS, () => {
      this.#hasComplained = true;
      const text = 'ZooKeeper does not answer the registry, which waits for it';
      this.#log('error', `${text}${this.why}`);
    });
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) {
      resolve();
    }
  }
}
