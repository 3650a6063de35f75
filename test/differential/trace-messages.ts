// The messages of the core's interface for the events of a recorded history.
import type {
  AgentFacts,
  AllocatorOptions,
  FrameworkTerms,
  Quota,
} from '../../src/core/interface.ts';
import {
  AgentInfo_Capability_Type as AgentCapability,
  type Attribute,
  type AttributeConstraint,
  FrameworkInfo_Capability_Type as FrameworkCapability,
  type Offer_Operation,
  Offer_Operation_Type,
  type OfferConstraints,
  AttributeConstraint_Selector_PseudoattributeType as Pseudo,
  type Unavailability,
  Value_Type,
} from '../../src/model/generated/messages.ts';
import type {
  TraceAttribute,
  TraceConstraint,
  TraceEventOf,
  TraceOperation,
  TraceOptions,
  TraceQuota,
} from './trace.ts';
import { parseQuantities, parseResources } from './trace-text.ts';

export const allocatorOptions = (options: TraceOptions): AllocatorOptions => ({
  seed: options.shuffleSeed ?? 0,
  allocationIntervalMs: options.intervalMs,
  minAllocatable: (options.minAllocatable ?? []).map(parseQuantities),
  fairnessExcluded: options.fairnessExclude ?? [],
  filterGpuResources: options.filterGpu ?? true,
  region: options.region,
  zone: options.zone,
  roleSorter: options.roleSorter ?? 'drf',
  frameworkSorter: options.frameworkSorter ?? 'drf',
  regexMaxMemoryBytes: 4096,
  regexMaxProgramSize: 100,
});

export function quotaOf(quota: TraceQuota): Quota {
  return {
    guarantees: parseQuantities(quota.guarantees),
    limits: parseQuantities(quota.limits),
  };
}

const AGENT_DEFAULTS = ['MULTI_ROLE', 'HIERARCHICAL_ROLE', 'RESERVATION_REFINEMENT'] as const;
const FRAMEWORK_DEFAULTS = ['MULTI_ROLE', 'RESERVATION_REFINEMENT'] as const;

export const agentCapabilities = (names: readonly string[] = AGENT_DEFAULTS) =>
  names.map((name) => AgentCapability[name as keyof typeof AgentCapability]);

const frameworkCapabilities = (names: readonly string[] = FRAMEWORK_DEFAULTS) =>
  names.map((name) => FrameworkCapability[name as keyof typeof FrameworkCapability]);

export function factsOf(
  event: TraceEventOf<'addAgent' | 'updateAgent'>,
  before: AgentFacts,
): AgentFacts {
  return {
    hostname: event.host ?? before.hostname,
    attributes: event.attrs?.map(attributeOf) ?? before.attributes,
    region: event.region ?? before.region,
    zone: event.zone ?? before.zone,
  };
}

function attributeOf([name, type, value]: TraceAttribute): Attribute {
  switch (type) {
    case 'text':
      return { name, type: Value_Type.TEXT, text: { value } };
    case 'scalar':
      return { name, type: Value_Type.SCALAR, scalar: { value } };
    default: {
      const range = value.map(([begin, end]) => ({ begin, end }));
      return { name, type: Value_Type.RANGES, ranges: { range } };
    }
  }
}

export function unavailabilityOf(event: {
  readonly startMs?: number;
  readonly durMs?: number;
}): Unavailability | undefined {
  if (event.startMs === undefined) {
    return undefined;
  }
  const nanoseconds = (ms: number) => ({ nanoseconds: BigInt(ms) * 1_000_000n });
  return {
    start: nanoseconds(event.startMs),
    ...(event.durMs === undefined ? {} : { duration: nanoseconds(event.durMs) }),
  };
}

export function termsOf(event: TraceEventOf<'addFramework' | 'updateFramework'>): FrameworkTerms {
  return {
    roles: event.roles,
    suppressedRoles: event.suppressed ?? [],
    capabilities: frameworkCapabilities(event.caps),
    minAllocatable: Object.fromEntries(
      Object.entries(event.minAllocatable ?? {}).map(([role, texts]) => [
        role,
        texts.map(parseQuantities),
      ]),
    ),
    constraints: event.constraints && constraintsOf(event.constraints),
  };
}

function constraintsOf(
  byRole: Readonly<Record<string, readonly (readonly TraceConstraint[])[]>>,
): OfferConstraints {
  return {
    role_constraints: Object.fromEntries(
      Object.entries(byRole).map(([role, groups]) => [
        role,
        {
          groups: groups.map((group) => ({ attribute_constraints: group.map(constraintOf) })),
        },
      ]),
    ),
  };
}

const PSEUDO: Readonly<Record<string, Pseudo>> = {
  '@hostname': Pseudo.HOSTNAME,
  '@region': Pseudo.REGION,
  '@zone': Pseudo.ZONE,
};

function constraintOf([selector, predicate, text = '']: TraceConstraint): AttributeConstraint {
  const pseudo = PSEUDO[selector];
  return {
    selector:
      pseudo === undefined ? { attribute_name: selector } : { pseudoattribute_type: pseudo },
    predicate: predicateOf(predicate, text),
  };
}

function predicateOf(name: string, text: string): AttributeConstraint['predicate'] {
  switch (name) {
    case 'exists':
      return { exists: {} };
    case 'not_exists':
      return { not_exists: {} };
    case 'text_equals':
      return { text_equals: { value: text } };
    case 'text_not_equals':
      return { text_not_equals: { value: text } };
    case 'text_matches':
      return { text_matches: { regex: text } };
    case 'text_not_matches':
      return { text_not_matches: { regex: text } };
    default:
      throw new Error(`not a predicate: ${name}`);
  }
}

export function operationOf({ op, res }: TraceOperation): Offer_Operation {
  const resources = parseResources(res);
  switch (op) {
    case 'RESERVE':
      return { type: Offer_Operation_Type.RESERVE, reserve: { resources } };
    case 'UNRESERVE':
      return { type: Offer_Operation_Type.UNRESERVE, unreserve: { resources } };
    case 'CREATE':
      return { type: Offer_Operation_Type.CREATE, create: { volumes: resources } };
    case 'DESTROY':
      return { type: Offer_Operation_Type.DESTROY, destroy: { volumes: resources } };
    default:
      throw new Error(`not an operation: ${op}`);
  }
}
