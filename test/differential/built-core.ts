// The cores under test, built from their sources if they are newer: what is shipped, and the debug
// build, which checks its own state, too.
import { debugCore } from '../core/debug.ts';

export { loadCore as builtCore } from '../core/load.ts';
export const checkedCore = () => debugCore(20);
