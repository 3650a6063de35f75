// Orphan filters: an offer was refused, but its framework had left the role by then, so that there
// is no leaf to hang the filter on. As in Apache Mesos the filter counts if the framework
// subscribes to the role again before it ends.
//
//   orphan:  framework u32 | role u32 | agent u32 | refused u32 | end f64
import { CHECKED, slot, tableBase, tableCount, tablePush } from '../../memory';
import { SLOT_NOW, SLOT_ORPHANS } from '../../slots';
import { addFilter } from './filters';
import { forget, intern, REFUSED_HEAD } from './refused-lists';

// @ts-ignore: decorator
@inline
const SIZE: usize = 24;
const ANY: u32 = 0xffffffff;

// @ts-ignore: decorator
@inline
function orphanAt(index: u32): usize {
  if (CHECKED) {
    assert(index < tableCount(SLOT_ORPHANS), 'no such orphan');
  }
  return tableBase(SLOT_ORPHANS) + <usize>index * SIZE;
}

function drop(index: u32): void {
  const at = orphanAt(index);
  forget(load<usize>(at, 12));
  const last = tableCount(SLOT_ORPHANS) - 1;
  if (index != last) {
    memory.copy(at, orphanAt(last), SIZE);
  }
  store<u32>(slot(SLOT_ORPHANS + 1), last);
}

/** Drops orphans whose end has passed. */
function dropEnded(): void {
  const now = load<f64>(slot(SLOT_NOW));
  for (let i = tableCount(SLOT_ORPHANS); i > 0; i--) {
    if (load<f64>(orphanAt(i - 1), 16) < now) {
      drop(i - 1);
    }
  }
}

/** Keeps a filter for the case that the framework comes back to the role. */
export function keepOrphan(
  framework: u32,
  role: u32,
  agent: u32,
  items: usize,
  count: u32,
  end: f64,
): void {
  dropEnded();
  const index = tablePush(SLOT_ORPHANS, SIZE);
  const refused = intern(items, count);
  const at = orphanAt(index);
  store<u32>(at, framework);
  store<u32>(at, role, 4);
  store<u32>(at, agent, 8);
  store<usize>(at, refused, 12);
  store<f64>(at, end, 16);
}

/** The framework has subscribed to the role with this leaf: its orphans are filters of the leaf. */
export function adoptOrphans(framework: u32, role: u32, leaf: u32): void {
  for (let i = tableCount(SLOT_ORPHANS); i > 0; i--) {
    const at = orphanAt(i - 1);
    if (load<u32>(at) != framework || load<u32>(at, 4) != role) {
      continue;
    }
    const refused = load<usize>(at, 12);
    const count = load<u32>(refused, 4);
    addFilter(leaf, load<u32>(at, 8), refused + REFUSED_HEAD, count, load<f64>(at, 16));
    drop(i - 1);
  }
}

function dropMatching(framework: u32, agent: u32): void {
  for (let i = tableCount(SLOT_ORPHANS); i > 0; i--) {
    const at = orphanAt(i - 1);
    if (framework != ANY && load<u32>(at) != framework) {
      continue;
    }
    if (agent != ANY && load<u32>(at, 8) != agent) {
      continue;
    }
    drop(i - 1);
  }
}

export function dropOrphansOfFramework(framework: u32): void {
  dropMatching(framework, ANY);
}

export function dropOrphansOfAgent(agent: u32): void {
  dropMatching(ANY, agent);
}

/** True while an orphan names the role. */
export function hasOrphans(role: u32): bool {
  dropEnded();
  for (let i: u32 = 0; i < tableCount(SLOT_ORPHANS); i++) {
    if (load<u32>(orphanAt(i), 4) == role) {
      return true;
    }
  }
  return false;
}
