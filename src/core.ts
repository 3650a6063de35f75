// The public API of `mesoscale/core`: the scheduler core by itself, with the types that its calls
// take.
export { createCore } from './core/core.ts';
export type * from './core/interface.ts';
export type * from './core/matcher.ts';
export { CoreError, type Instantiate } from './core/module.ts';
export { CoreTrap } from './core/trap.ts';
export {
  AgentInfo_Capability_Type,
  type Attribute,
  FrameworkInfo_Capability_Type,
  type Offer_Operation,
  Offer_Operation_Type,
  type OfferConstraints,
  type Resource,
  Resource_DiskInfo_Source_Type,
  Resource_ReservationInfo_Type,
  type Unavailability,
  Value_Type,
} from './model/generated/messages.ts';
export { type AgentId, agentId, type FrameworkId, frameworkId } from './model/ids.ts';
export { formatResources, parseResources } from './model/resource-text.ts';
export { TextError } from './model/value-text.ts';
export { CoreNotFoundError, type CoreSource, loadCore } from './runtime/load-core.ts';
