// The core under test: the module that the build left.
import { createCore } from '../../src/core/core.ts';
import type { SchedulerCore } from '../../src/core/interface.ts';
import { loadCore } from '../../src/runtime/load-core.ts';

export const builtCore = async (): Promise<SchedulerCore> => createCore(await loadCore());
