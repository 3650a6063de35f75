// The cores under test, built if they are out of date: the shipped build, and the debug build,
// which checks its own state.
import { debugCore } from '../core/debug.ts';

export { loadCore as builtCore } from '../core/load.ts';
export const checkedCore = (everyCalls = 20) => debugCore(everyCalls);
