// Quiet agents: a visit would offer nothing to anyone until something happens to them. A bit each, so that a
// run passes over thousands of them at once. A second bit tells those that have nothing free: they need
// not be looked at again because of what happens to frameworks.
import { resize, slot } from '../../memory';
import { SLOT_EMPTY, SLOT_QUIET } from '../../slots';

function grow(table: i32, have: u32, next: u32): void {
  const bits = resize(
    load<usize>(slot(table)),
    <usize>have << 2,
    <usize>have << 2,
    <usize>next << 2,
  );
  memory.fill(bits + (<usize>have << 2), 0, <usize>(next - have) << 2);
  store<usize>(slot(table), bits);
}

/** Makes room for the bits of an agent; answers the offset of its word. */
function wordOf(agent: u32): usize {
  const word = agent >> 5;
  const have = load<u32>(slot(SLOT_QUIET + 1));
  if (word >= have) {
    let next: u32 = have == 0 ? 64 : have << 1;
    while (next <= word) next <<= 1;
    grow(SLOT_QUIET, have, next);
    grow(SLOT_EMPTY, have, next);
    store<u32>(slot(SLOT_QUIET + 1), next);
  }
  return <usize>word << 2;
}

// @ts-ignore: decorator
@inline function setBit(at: usize, agent: u32): void {
  store<u32>(at, load<u32>(at) | (1 << (agent & 31)));
}

// @ts-ignore: decorator
@inline function clearBit(at: usize, agent: u32): void {
  store<u32>(at, load<u32>(at) & ~(1 << (agent & 31)));
}

/** Something happened to the agent. */
export function wake(agent: u32): void {
  const offset = wordOf(agent);
  clearBit(load<usize>(slot(SLOT_QUIET)) + offset, agent);
  clearBit(load<usize>(slot(SLOT_EMPTY)) + offset, agent);
}

/** Nobody takes what the agent has. */
export function quieten(agent: u32): void {
  setBit(load<usize>(slot(SLOT_QUIET)) + wordOf(agent), agent);
}

/** The agent has nothing free. */
export function setEmpty(agent: u32): void {
  const offset = wordOf(agent);
  setBit(load<usize>(slot(SLOT_QUIET)) + offset, agent);
  setBit(load<usize>(slot(SLOT_EMPTY)) + offset, agent);
}

export function isQuiet(agent: u32): bool {
  const offset = wordOf(agent);
  return (load<u32>(load<usize>(slot(SLOT_QUIET)) + offset) & (1 << (agent & 31))) != 0;
}

/** Something happened to frameworks: every agent that has something is to be looked at. */
export function wakeAll(): void {
  memory.copy(
    load<usize>(slot(SLOT_QUIET)),
    load<usize>(slot(SLOT_EMPTY)),
    <usize>load<u32>(slot(SLOT_QUIET + 1)) << 2,
  );
}
