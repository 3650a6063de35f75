// The entry of the debug build: the exports of the module, and one that checks its whole state.

export { checkState } from './checks/checks';
export * from './index';
