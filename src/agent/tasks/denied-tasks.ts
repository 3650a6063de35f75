// Tasks of which the agent has told the master that it does not have them, while their
// RunTaskMessage may still be on the way: such a task must not run when the message arrives.

/** Denied tasks that are remembered: a message is late by seconds only. */
const MAX_DENIED = 10_000;

export class Denials {
  private readonly keys = new Set<string>();

  has(key: string): boolean {
    return this.keys.has(key);
  }

  /** Adds a denied task; at the bound the oldest is forgotten. */
  add(key: string): void {
    const [oldest] = this.keys.size < MAX_DENIED ? [] : this.keys;
    if (oldest !== undefined) {
      this.keys.delete(oldest);
    }
    this.keys.add(key);
  }

  /** Whether the task was denied. It is forgotten then: a later task of the same id is another. */
  take(key: string): boolean {
    return this.keys.delete(key);
  }
}
