// What can be read of an agent: pure functions of its state, each filtered by who asks.
import type { AgentCall, AgentResponse } from '../model/generated/messages.ts';
import type { Authorizer } from '../security/authorizer.ts';
import type { Principal } from '../security/principal.ts';

export interface Viewer {
  readonly principal?: Principal | undefined;
  readonly authorizer: Authorizer;
}

/** As the master's views: plain values with Mesos's keys; `read` answers the operator API's reads. */
export interface AgentViews {
  /** False while the agent recovers: /state and the executor API are 503. */
  readonly recovered: boolean;
  state(viewer: Viewer): unknown;
  metrics(nowMs: number): Record<string, number>;
  /** Sandboxes: virtual path → path on disk, for /files/*. */
  files(viewer: Viewer): ReadonlyMap<string, string>;
  read(call: AgentCall, viewer: Viewer): AgentResponse | undefined;
}
