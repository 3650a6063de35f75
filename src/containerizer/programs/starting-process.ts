// The process that starts programs for the agent. It is small, and so are its forks; it ends with
// the agent, and the programs go on that may.
import { errorText } from '../../model/error-text.ts';
import { killGroup } from '../process-group.ts';
import { failedEnd, type ProgramEnd } from './program-call.ts';
import type { StarterReport, StarterRequest } from './program-starter.ts';
import { RunningProgram } from './running-program.ts';

const running = new Map<number, RunningProgram>();
/** Groups of those that may not outlive the agent. */
const bound = new Set<number>();

/** An agent that hears nothing any more has ended. */
const report = (text: StarterReport) => process.send?.(text, () => {});

process.on('message', async (request: StarterRequest) => {
  const { id, call } = request;
  if (call === undefined) {
    running.get(id)?.hurry();
    return;
  }
  let end: ProgramEnd;
  try {
    const program = new RunningProgram(call);
    const { pid } = program;
    running.set(id, program);
    if (pid !== undefined) {
      report({ id, pid });
    }
    if (pid !== undefined && call.endsWithAgent) {
      bound.add(pid);
    }
    end = await program.end;
    bound.delete(pid ?? 0);
    running.delete(id);
  } catch (error) {
    end = failedEnd(`cannot be started: ${errorText(error)}`);
  }
  report({ id, end });
});

process.on('disconnect', () => {
  for (const pid of bound) {
    killGroup(pid);
  }
  process.exit();
});

// Where all processes of a service are asked to end, the agent still needs what it has begun.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  process.on(signal, () => {});
}
