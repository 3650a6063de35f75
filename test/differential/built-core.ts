// The cores under test, built from their sources where these have changed: what is shipped, and the
// debug build, which checks its own state, too.
import { debugCore } from '../core/debug.ts';

export { loadCore as builtCore } from '../core/load.ts';
export const checkedCore = (everyCalls = 20) => debugCore(everyCalls);
