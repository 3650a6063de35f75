// The core that the master's tests run on: the module itself.
import { loadCore } from '../core/load.ts';

export const testCore = await loadCore();
