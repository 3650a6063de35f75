// What the host keeps of each agent and framework besides the module's memory: the name, and the
// facts that a change is compared with to find out what the module must be told.
import type { AgentInfo_Capability_Type as AgentCapability } from '../model/generated/messages.ts';
import type { AgentId, FrameworkId } from '../model/ids.ts';
import type { AgentTest } from './constraints.ts';
import type { AgentFacts, FrameworkTerms } from './interface.ts';

export interface AgentEntry {
  readonly id: AgentId;
  readonly number: number;
  facts: AgentFacts;
  capabilities: readonly AgentCapability[];
  active: boolean;
  maintenance: boolean;
}

export interface FrameworkEntry {
  readonly id: FrameworkId;
  readonly number: number;
  /** False for a framework that has tasks but has not subscribed. */
  known: boolean;
  terms: FrameworkTerms;
  suppressed: Set<string>;
  constraints: ReadonlyMap<string, AgentTest>;
}
