// The newest events of the stream, as lines of a log.
import type { TaskState } from '../../model/generated/messages.ts';

export type EventSubject = 'task' | 'agent' | 'framework';

export interface ClusterEvent {
  readonly subject: EventSubject;
  readonly change: 'added' | 'changed' | 'gone';
  readonly id: string;
  readonly name: string;
  /** Of a task; empty for others. */
  readonly frameworkId: string;
  readonly state: TaskState | undefined;
}

export interface TailedEvent extends ClusterEvent {
  /** Counts all that were ever told. */
  readonly number: number;
  readonly heardMs: number;
}

/** Older ones are forgotten. */
export const MAX_EVENTS = 2000;

export class EventTail {
  #events: TailedEvent[] = [];
  #count = 0;

  add(event: ClusterEvent, heardMs: number): void {
    this.#events.push({ ...event, number: ++this.#count, heardMs });
    // Seldom, as all of them are moved.
    if (this.#events.length >= 2 * MAX_EVENTS) {
      this.#events = this.#events.slice(-MAX_EVENTS);
    }
  }

  /** The newest first. */
  newest(): readonly TailedEvent[] {
    return this.#events.slice(-MAX_EVENTS).reverse();
  }
}
