// How agents begin with an elected master that is still reading the registry. All of them come as
// soon as they learn who leads. The state machine drops what comes before it can answer, as Mesos's
// master does, and an agent tries again after a second or more: so the last message of each kind is
// kept of each agent, and taken when the registry has been read.
import type { AgentMessage, MasterEvent } from '../../master/events.ts';
import { FIRST_MESSAGES } from '../../master/leadership.ts';
import type { MasterViews } from '../../master/views.ts';
import { heldSize } from '../../model/message-size.ts';

interface EarlyMessagesOptions {
  readonly views: Pick<MasterViews, 'leader' | 'recovered'>;
  readonly nowMs: () => number;
  readonly dispatch: (event: MasterEvent) => void;
  /** About, of all together; what comes beyond is left to the machine. */
  readonly mostBytes?: number;
}

/** Fifty thousand agents with a few tasks each need half of it. */
const MOST_BYTES = 512 * 1024 * 1024;
/** What an entry takes besides its message. */
const ENTRY_BYTES = 512;

interface Kept {
  readonly event: AgentMessage;
  readonly bytes: number;
}

export class EarlyMessages {
  readonly #options: EarlyMessagesOptions;
  readonly #kept = new Map<string, Kept>();
  #bytes = 0;

  constructor(options: EarlyMessagesOptions) {
    this.#options = options;
  }

  /** Whether the event is kept: it is not to be dispatched now. */
  keeps(event: MasterEvent): boolean {
    const { views, mostBytes = MOST_BYTES } = this.#options;
    if (event.type !== 'agentMessage' || views.recovered || views.leader.kind !== 'self') {
      return false;
    }
    const { from, message } = event;
    if (!FIRST_MESSAGES.has(message.name)) {
      return false;
    }
    const key = `${from} ${message.name}`;
    const bytes = ENTRY_BYTES + heldSize(message, mostBytes);
    const all = this.#bytes - (this.#kept.get(key)?.bytes ?? 0) + bytes;
    if (all > mostBytes) {
      return false;
    }
    this.#bytes = all;
    this.#kept.set(key, { event, bytes });
    return true;
  }

  /** To be called after each step: dispatches what was kept when the time has come. */
  afterStep(): void {
    const { views, nowMs, dispatch } = this.#options;
    if (this.#kept.size === 0 || !views.recovered) {
      return;
    }
    const kept = [...this.#kept.values()];
    this.#kept.clear();
    this.#bytes = 0;
    for (const { event } of kept) {
      dispatch({ ...event, nowMs: nowMs() });
    }
  }
}
