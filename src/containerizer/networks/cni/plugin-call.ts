// Runs one CNI plugin: a program that is told what to do by its environment and its input, and
// answers on its output. It is the operator's, and may all the same do what no plugin should.
import type { Patience, ProgramCall, ProgramEnd } from '../../programs/program-call.ts';
import { runProgram } from '../../programs/programs.ts';

export interface PluginCall extends Pick<ProgramCall, 'environment' | 'input'> {
  readonly path: string;
}

export const DEFAULT_PATIENCE: Patience = { longestMs: 60_000, unwantedMs: 5_000, endMs: 5_000 };

const MAX_OUTPUT_BYTES = 1024 * 1024;

/**
 * Resolves when the plugin has ended: soon where nobody wants its answer any more, and in any case
 * before long. It may outlive the agent (left-plugins.ts).
 */
export const callPlugin = (
  { path, environment, input }: PluginCall,
  patience: Patience,
  unwanted: AbortSignal,
): Promise<ProgramEnd> =>
  runProgram(
    {
      program: path,
      words: [],
      environment,
      input,
      mostBytes: MAX_OUTPUT_BYTES,
      patience,
      endsWithAgent: false,
    },
    unwanted,
  );
