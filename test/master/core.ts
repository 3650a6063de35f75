// The core that the master's tests run on.
import { oracle } from '../oracle/core.ts';

export const testCore = oracle;
