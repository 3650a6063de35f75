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

export { addKind, addName } from './kinds';
export { ioReserve } from './rows';
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
