// What programs get from `mesoscale/core`: the scheduler core by itself.
export { createCore } from './core/core.ts';
export type * from './core/interface.ts';
export type * from './core/matcher.ts';
export { CoreError, type Instantiate } from './core/module.ts';
export { CoreTrap } from './core/trap.ts';
export { CoreNotFoundError, loadCore } from './runtime/load-core.ts';
