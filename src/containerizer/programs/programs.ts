// The programs of this machine that the agent runs for containers.
import type { ConnectionCall, ProgramCall, ProgramEnd } from './program-call.ts';
import { type Dialled, ProgramStarter } from './program-starter.ts';

/** One for all, which starts with the first program and ends with the agent. */
const starter = new ProgramStarter();

/**
 * Resolves when the program has ended: soon where nobody wants its answer any more, and in any case
 * before long.
 */
export const runProgram = (call: ProgramCall, unwanted: AbortSignal): Promise<ProgramEnd> =>
  starter.run(call, unwanted);

/**
 * Resolves to what a program has said that connects to something (connecting-program.ts), with its
 * connection, which ends with the abort. Rejects where the program is lost, or as the abort says.
 */
export const connectByProgram = (call: ConnectionCall, abort: AbortSignal): Promise<Dialled> =>
  starter.connect(call, abort);
