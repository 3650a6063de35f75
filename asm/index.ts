// The exports of the module. asm/README.md is their reference; a test compares the two.
import { ABI_VERSION } from './constants';
import { memoryTop } from './memory';

export function abiVersion(): i32 {
  return ABI_VERSION;
}

/** Bytes of memory that hold state: what save() has to copy. */
export function stateSize(): u32 {
  return <u32>memoryTop();
}

export {
  ledgerConvert,
  ledgerFree,
  ledgerGive,
  ledgerRelease,
  ledgerTake,
  listAdd,
  listContains,
  listConvert,
  listEqual,
  listQuantities,
  listSubtract,
  rowConvert,
  rowDrop,
  rowHas,
  rowMake,
  rowPut,
  rowRead,
  rowReduce,
  rowSize,
  rowTake,
  rowWrite,
} from './algebra';
export {
  addAgent,
  addOffered,
  addUsed,
  answerInverse,
  changeAgentFlags,
  dropAgentFilters,
  growTotal,
  removeAgent,
  setMaintenance,
  setTotal,
} from './allocator/calls/agent-calls';
export {
  countFilters,
  dropRequests,
  inverseOfferCount,
  inverseOffersAt,
  leafFrameworkOf,
  leafRoleOf,
  offersAt,
  readFree,
  readRole,
  readTotal,
  requestRun,
  runOffers,
  setClusterMinimum,
  setNow,
  setUp,
} from './allocator/calls/allocator-calls';
export { explain, roleFilters } from './allocator/calls/explain';
export {
  changeCapabilities,
  clearExclusions,
  clearLeafMinimum,
  countEarlier,
  dropInverseFilters,
  exclude,
  removeFramework,
  reviveRole,
  setFrameworkActive,
  subscribe,
  suppressRole,
  unsubscribe,
} from './allocator/calls/framework-calls';
export { convertFree, convertOffered, launch, recover } from './allocator/calls/holding-calls';
export {
  readCluster,
  readHoldings,
  readLeaf,
  readLeafShare,
  readRoleShare,
} from './allocator/calls/inspection';
export { readLeaves } from './allocator/calls/leaf-sums';
export { addKind, dropRole } from './allocator/calls/role-calls';
export { readRoles } from './allocator/calls/role-sums';
export { hasPending } from './allocator/run/visit-order';
export {
  dropFramework,
  introduce,
  newFramework,
  setFrameworkRank,
  setLeafMinimum,
} from './allocator/tables/frameworks';
export { setWeight } from './allocator/tables/role-competition';
export { setQuota } from './allocator/tables/role-quotas';
export { addRole, setRoleRank } from './allocator/tables/roles';
export { addName } from './kinds';
export { matchRun } from './matcher/matcher';
export { matchReserve } from './matcher/request';
export { ioClear, ioReserve } from './rows';
export { dropKind, dropName, markKinds } from './sweep';
