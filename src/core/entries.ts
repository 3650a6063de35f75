// What the host keeps of agents and frameworks beside the module's memory.
import type { AgentInfo_Capability_Type as AgentCapability } from '../model/generated/messages.ts';
import type { AgentId, FrameworkId } from '../model/ids.ts';
import type { AgentTest } from './constraints.ts';
import type { AgentFacts, AllocatorOptions, FrameworkTerms } from './interface.ts';
import type { SavedKinds } from './resource-interner.ts';
import type { SavedRoles } from './roles.ts';

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
  /** False while only its tasks have been seen. */
  known: boolean;
  terms: FrameworkTerms;
  suppressed: Set<string>;
  constraints: ReadonlyMap<string, AgentTest>;
}

/** What the host keeps beside the module's memory. */
export interface SavedNames {
  readonly options: AllocatorOptions;
  readonly kinds: SavedKinds;
  readonly roles: SavedRoles;
  readonly frameworkRanks: readonly (readonly [string, number])[];
  readonly agents: readonly AgentEntry[];
  readonly frameworks: readonly (Omit<FrameworkEntry, 'suppressed' | 'constraints'> & {
    readonly suppressed: readonly string[];
  })[];
  readonly whitelist: readonly string[] | null;
  readonly now: number;
  readonly lastPlace: number;
  readonly paused: boolean;
  readonly pauseEnd: number;
  readonly expectedAgents: number;
}

export const noTerms: FrameworkTerms = {
  roles: [],
  suppressedRoles: [],
  capabilities: [],
  minAllocatable: {},
};
