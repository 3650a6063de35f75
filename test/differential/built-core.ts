// The core under test, built from its sources if they are newer.
export { loadCore as builtCore } from '../core/load.ts';
