// What can be read of a master: pure functions of its state, each filtered by who asks.
import type { FigureSink } from '../model/figures.ts';
import type { MasterCall, MasterResponse } from '../model/generated/messages.ts';
import type { Leader } from '../model/leading-master.ts';
import type { Authorizer } from '../security/authorizer.ts';
import type { Principal } from '../security/principal.ts';

/** Who reads, and the authorizer that decides what they may see. */
export interface Viewer {
  readonly principal?: Principal | undefined;
  readonly authorizer: Authorizer;
}

/** Values of the query string, first one of each name. */
export type Query = Readonly<Record<string, string | undefined>>;

/** Where an agent is that is registered and connected. */
export interface AgentPlace {
  /** `ip:port` */
  readonly address: string;
  /** Of agent and master, and nobody else; undefined where the agent has not authenticated. */
  readonly key: Uint8Array | undefined;
}

/**
 * The unversioned endpoints answer plain values, ready for JSON.stringify, with Mesos's keys (old
 * names: slave, not agent). `read` answers the operator API's read calls; undefined: not a read
 * call.
 */
export interface MasterViews {
  /** Masters that do not lead answer where the leader is, and nothing else. */
  readonly leader: Leader;
  /** False while the registry is being read: everything but /health and /version is 503. */
  readonly recovered: boolean;
  /** True after an election, while too few agents are back to make offers under quotas. */
  readonly awaitsAgents: boolean;
  state(viewer: Viewer): unknown;
  stateSummary(viewer: Viewer): unknown;
  slaves(viewer: Viewer, query: Query): unknown;
  frameworks(viewer: Viewer, query: Query): unknown;
  tasks(viewer: Viewer, query: Query): unknown;
  roles(viewer: Viewer): unknown;
  /** Agents, as Prometheus's discovery reads them. */
  scrapeTargets(): Iterable<unknown>;
  weights(viewer: Viewer): unknown;
  quota(viewer: Viewer): unknown;
  maintenanceSchedule(viewer: Viewer): unknown;
  maintenanceStatus(viewer: Viewer): unknown;
  registry(viewer: Viewer): unknown;
  metrics(nowMs: number): Record<string, number>;
  /** The same figures one by one; each step takes little time, and others may come between. */
  figures(nowMs: number, sink: FigureSink): Iterable<undefined>;
  agentPlace(id: string): AgentPlace | undefined;
  read(call: MasterCall, viewer: Viewer): MasterResponse | undefined;
}
