// Idle agents: a visit of an idle agent would offer nothing, as long as neither it nor the
// frameworks change. One bit an agent says so, and a run passes over 64 idle agents at once. A
// second bit says that nothing of the agent is free: such an empty agent stays idle when frameworks
// change.
import { CHECKED, resizeZeroed, slot, tableCount } from '../../memory';
import { SLOT_AGENTS, SLOT_EMPTY, SLOT_IDLE } from '../../slots';

function grow(bits: i32, have: u32, next: u32): void {
  const at = slot(bits);
  store<usize>(at, resizeZeroed(load<usize>(at), (<usize>have) << 2, (<usize>next) << 2));
}

/** Makes room for the bits of an agent; answers the offset of its word. */
function wordOf(agent: u32): usize {
  if (CHECKED) {
    assert(agent < tableCount(SLOT_AGENTS), 'no such agent');
  }
  const word = agent >> 5;
  const have = load<u32>(slot(SLOT_IDLE + 1));
  if (word >= have) {
    let next: u32 = have == 0 ? 64 : have << 1;
    while (next <= word) {
      next <<= 1;
    }
    grow(SLOT_IDLE, have, next);
    grow(SLOT_EMPTY, have, next);
    store<u32>(slot(SLOT_IDLE + 1), next);
  }
  return (<usize>word) << 2;
}

// @ts-ignore: decorator
@inline
function setBit(at: usize, agent: u32): void {
  store<u32>(at, load<u32>(at) | (1 << (agent & 31)));
}

// @ts-ignore: decorator
@inline
function clearBit(at: usize, agent: u32): void {
  store<u32>(at, load<u32>(at) & ~(1 << (agent & 31)));
}

/** The agent has changed: it is not idle any more. */
export function wake(agent: u32): void {
  const offset = wordOf(agent);
  clearBit(load<usize>(slot(SLOT_IDLE)) + offset, agent);
  clearBit(load<usize>(slot(SLOT_EMPTY)) + offset, agent);
}

/** The agent is idle: a visit has offered nothing of it. */
export function markIdle(agent: u32): void {
  setBit(load<usize>(slot(SLOT_IDLE)) + wordOf(agent), agent);
}

/** The agent is idle and empty: nothing of it is free. */
export function setEmpty(agent: u32): void {
  const offset = wordOf(agent);
  setBit(load<usize>(slot(SLOT_IDLE)) + offset, agent);
  setBit(load<usize>(slot(SLOT_EMPTY)) + offset, agent);
}

export function isIdle(agent: u32): bool {
  const offset = wordOf(agent);
  return (load<u32>(load<usize>(slot(SLOT_IDLE)) + offset) & (1 << (agent & 31))) != 0;
}

/** Frameworks have changed: agents that have something free are not idle any more. */
export function wakeAll(): void {
  memory.copy(
    load<usize>(slot(SLOT_IDLE)),
    load<usize>(slot(SLOT_EMPTY)),
    (<usize>load<u32>(slot(SLOT_IDLE + 1))) << 2,
  );
}
