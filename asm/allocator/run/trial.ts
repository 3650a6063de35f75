// A trial: a run over one agent whose offers are lent (loans.ts), and after which everything is as
// it was before.
import { slot, tableClear, tableCount, tablePushWord, tableWord } from '../../memory';
import {
  SLOT_CANDIDATES,
  SLOT_LOANED_WEIGHTS,
  SLOT_ROLES,
  SLOT_RUN,
  SLOT_SEED,
  SLOT_UNWEIGHED,
} from '../../slots';
import { settleTouched, touch } from '../tables/groups';
import { setNodeWeight } from '../tables/nodes';
import { weighNode } from '../tables/role-competition';
import { roleNode } from '../tables/roles';
import { countBorrowers, isLentTo, returnLoans, writeLoans } from './loans';
import { runCandidates } from './run';
import { Run } from './run-state';

/** Nodes take the weights that a run would give them, see weighNodes(). */
function lendWeights(): void {
  if (load<u32>(slot(SLOT_UNWEIGHED)) == 0) {
    return;
  }
  const count = tableCount(SLOT_ROLES);
  for (let role: u32 = 1; role < count; role++) {
    if (!weighNode(role)) {
      continue;
    }
    tablePushWord(SLOT_LOANED_WEIGHTS, roleNode(role) - 1);
  }
}

function returnWeights(): void {
  const count = tableCount(SLOT_LOANED_WEIGHTS);
  for (let i: u32 = 0; i < count; i++) {
    const node = tableWord(SLOT_LOANED_WEIGHTS, i);
    setNodeWeight(node, NaN);
    touch(node);
  }
  tableClear(SLOT_LOANED_WEIGHTS);
}

/**
 * The outcome of a run over one agent: whether it offers something to the leaf, which then lies in
 * the exchange buffer (`items` of them), and if not, to how many others.
 */
export abstract class Trial {
  static isOffered: bool = false;
  static others: u32 = 0;
  static items: u32 = 0;
}

export function tryRun(agent: u32, leaf: u32): void {
  const seed = slot(SLOT_SEED);
  const s0 = load<u64>(seed);
  const s1 = load<u64>(seed, 8);
  const s2 = load<u64>(seed, 16);
  const s3 = load<u64>(seed, 24);
  const run = load<u32>(slot(SLOT_RUN));
  tableClear(SLOT_CANDIDATES);
  tablePushWord(SLOT_CANDIDATES, agent);
  lendWeights();
  Run.trial = true;
  runCandidates(false);
  Run.trial = false;
  Trial.isOffered = isLentTo(leaf);
  Trial.items = Trial.isOffered ? writeLoans(leaf) : 0;
  Trial.others = Trial.isOffered ? 0 : countBorrowers();
  returnLoans(agent);
  returnWeights();
  settleTouched();
  store<u32>(slot(SLOT_RUN), run);
  store<u64>(seed, s0);
  store<u64>(seed, s1, 8);
  store<u64>(seed, s2, 16);
  store<u64>(seed, s3, 24);
}
