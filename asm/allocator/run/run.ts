// A run of the allocator: which leaf is offered what of which agents.
//
//   1. candidates, in order or shuffled
//   2. the guarantee stage: agents × top-level roles whose guarantee is not met × frameworks
//   3. the fair-share stage: agents (shuffled anew) × all roles × frameworks
import { OPTION_RANDOM_FRAMEWORKS, OPTION_RANDOM_ROLES } from '../../constants';
import { slot, tableBase, tableCount, tableWord } from '../../memory';
import {
  SLOT_CANDIDATES,
  SLOT_CLUSTER_MIN,
  SLOT_OPTIONS,
  SLOT_OWN_MINIMUMS,
  SLOT_RUN,
} from '../../slots';
import { agentAt } from '../tables/agents';
import { freshen, settleTouched } from '../tables/groups';
import { childGroup } from '../tables/roles';
import { visitFast } from './fast-path';
import { shuffle } from './generator';
import { guaranteeRoles, siftDown, visitGuaranteed } from './guarantees';
import { checkHeadroom, prepareQuotas, prepareStarved, releaseStarved } from './quotas';
import { forgetDrawn, prepareRandomRoles } from './random-sorter';
import { Run, Visit } from './run-state';
import { prepareSingleRole, settleSingleRole } from './single-role-batch';
import { visitFair } from './visit';

/** Sets what does not change during the run. */
function beginRun(): void {
  const options = load<u32>(slot(SLOT_OPTIONS));
  Run.randomRoles = (options & OPTION_RANDOM_ROLES) != 0;
  Run.randomFrameworks = (options & OPTION_RANDOM_FRAMEWORKS) != 0;
  Run.clusterMinimum = load<usize>(slot(SLOT_CLUSTER_MIN));
  Run.ownMinimumsExist = load<u32>(slot(SLOT_OWN_MINIMUMS)) != 0;
}

/** Offers the agents in the table of candidates. */
export function runCandidates(seeded: bool): void {
  beginRun();
  Run.number = load<u32>(slot(SLOT_RUN)) + 1;
  store<u32>(slot(SLOT_RUN), Run.number);
  const count = tableCount(SLOT_CANDIDATES);
  if (count == 0) {
    return;
  }
  settleTouched();
  prepareQuotas();
  if (Run.randomRoles) {
    prepareRandomRoles();
  }
  Visit.guaranteeStage = true;
  let waiting = guaranteeRoles();
  if (waiting != 0) {
    if (seeded) {
      shuffle(tableBase(SLOT_CANDIDATES), count);
    }
    freshen(childGroup(0));
    // A single top-level role keeps no share; the heap needs none then.
    for (let i = waiting; i > 0; i--) {
      siftDown(i - 1, waiting);
    }
    for (let i: u32 = 0; i < count && waiting != 0; i++) {
      waiting = visitGuaranteed(candidate(i), waiting);
    }
  }
  Visit.guaranteeStage = false;
  if (seeded) {
    shuffle(tableBase(SLOT_CANDIDATES), count);
  }
  prepareStarved();
  checkHeadroom();
  prepareSingleRole();
  const drawing = Run.randomRoles || Run.randomFrameworks;
  for (let i: u32 = 0; i < count; i++) {
    if (seeded && (i & (AHEAD - 1)) == 0) {
      fetchAhead(i, min(i + AHEAD, count));
    }
    const agent = candidate(i);
    if (Run.headroomNeeded || Run.trial || !visitFast(agent)) {
      visitFair(agent);
    }
    if (drawing) {
      forgetDrawn();
    }
  }
  settleSingleRole();
  releaseStarved();
}

/** So many shuffled agents are touched together before they are visited. */
const AHEAD: u32 = 64;

const touched: usize = memory.data(8, 8);

/**
 * Loads what the visits of some agents will need, all at once: the misses of a shuffled order then
 * overlap instead of waiting for each other.
 */
function fetchAhead(from: u32, to: u32): void {
  // A short block at the end of the memory has no second line.
  const end = ((<usize>memory.size()) << 16) - 128;
  let sum: u32 = 0;
  for (let i = from; i < to; i++) {
    sum += load<u32>(agentAt(candidate(i)));
  }
  for (let i = from; i < to; i++) {
    const record = agentAt(candidate(i));
    const entries = load<usize>(record, 8);
    const spare = min(load<usize>(record, 16), end);
    sum += load<u32>(entries) + load<u32>(entries, 64) + load<u32>(spare) + load<u32>(spare, 64);
  }
  store<u32>(touched, sum);
}

// @ts-ignore: decorator
@inline
function candidate(index: u32): u32 {
  return tableWord(SLOT_CANDIDATES, index);
}
