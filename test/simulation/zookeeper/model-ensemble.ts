// A model of a ZooKeeper ensemble: its sessions, which end when it has not heard of them for their
// timeout, and its znodes. It has no quorum for a while where a simulation wants that; then it
// answers nobody and ends no session.
import type { Agenda } from '../agenda.ts';
import type { Chance } from '../chance.ts';
import type { Network, Process } from '../network.ts';
import { ModelSession } from './model-session.ts';
import { Znodes } from './znodes.ts';

export const ENSEMBLE_HOST = 'zookeeper';

type Watched = 'data' | 'children';

/** What the ensemble knows of a session. */
export interface SessionRecord {
  readonly id: string;
  readonly timeoutMs: number;
  heardMs: number;
  isOver: boolean;
  /** Increases with each connection: requests of an earlier one are dropped. */
  connection: number;
  /** Called when something changes that the session watches. */
  changed: (kind: Watched, path: string) => void;
}

export class ModelEnsemble {
  readonly agenda: Agenda;
  readonly chance: Chance;
  readonly network: Network;
  readonly znodes = new Znodes((kind, path) => this.#tell(kind, path));
  hasQuorum = true;
  /** Something has been answered since the simulation last let promises go on. */
  isStirred = false;
  readonly #observers: ((kind: Watched, path: string) => void)[] = [];
  readonly #sessions = new Map<string, SessionRecord>();
  #nextId = 1;

  constructor(agenda: Agenda, chance: Chance, network: Network) {
    this.agenda = agenda;
    this.chance = chance;
    this.network = network;
  }

  open(process: Process, timeoutMs: number): ModelSession {
    return new ModelSession(this, process, timeoutMs);
  }

  isReachable(host: string): boolean {
    return this.hasQuorum && !this.network.isCut(host, ENSEMBLE_HOST);
  }

  begin(timeoutMs: number): SessionRecord {
    const record: SessionRecord = {
      id: (this.#nextId++).toString(16).padStart(16, '0'),
      timeoutMs,
      heardMs: this.agenda.nowMs,
      isOver: false,
      connection: 0,
      changed: () => {},
    };
    this.#sessions.set(record.id, record);
    this.#expire(record);
    return record;
  }

  /** As a new leader of the ensemble does: every session gets its whole timeout again. */
  regainQuorum(): void {
    this.hasQuorum = true;
    for (const record of this.#sessions.values()) {
      record.heardMs = this.agenda.nowMs;
    }
  }

  end(record: SessionRecord): void {
    if (!record.isOver) {
      record.isOver = true;
      this.#sessions.delete(record.id);
      this.znodes.deleteOf(record.id);
    }
  }

  #expire(record: SessionRecord): void {
    const { agenda, chance } = this;
    const leftMs = record.heardMs + record.timeoutMs - agenda.nowMs;
    // The ensemble looks at its sessions by and by, so that some live a little longer.
    agenda.after(Math.max(1, leftMs) + chance.int(0, record.timeoutMs / 10), () => {
      if (record.isOver) {
        return;
      }
      if (this.hasQuorum && agenda.nowMs >= record.heardMs + record.timeoutMs) {
        this.end(record);
      } else {
        this.#expire(record);
      }
    });
  }

  /** Calls the observer at each change. */
  observe(observer: (kind: Watched, path: string) => void): void {
    this.#observers.push(observer);
  }

  #tell(kind: Watched, path: string): void {
    for (const observer of this.#observers) {
      observer(kind, path);
    }
    for (const record of this.#sessions.values()) {
      record.changed(kind, path);
    }
  }
}
