// The programs of this machine that the agent runs for containers.
import type { ProgramCall, ProgramEnd } from './program-call.ts';
import { ProgramStarter } from './program-starter.ts';

/** One for all, which starts with the first program and ends with the agent. */
const starter = new ProgramStarter();

/**
 * Resolves when the program has ended: soon where nobody wants its answer any more, and in any case
 * before long.
 */
export const runProgram = (call: ProgramCall, unwanted: AbortSignal): Promise<ProgramEnd> =>
  starter.run(call, unwanted);
