// The process that starts programs for the agent. It is small, and so are its forks; it ends with
// the agent, and the programs go on that may.
import { errorText } from '../../model/error-text.ts';
import { killGroup } from '../process-group.ts';
import { ConnectingProgram } from './connecting-program.ts';
import {
  type ConnectionCall,
  failedEnd,
  type ProgramCall,
  type ProgramEnd,
} from './program-call.ts';
import type { StarterReport, StarterRequest } from './program-starter.ts';
import { RunningProgram } from './running-program.ts';

interface Started {
  readonly drop: () => void;
  readonly begin: () => void;
}

/** How often it looks whether there is an agent still. */
const LOOK_MS = 1_000;

/** Programs that run, by the number of the request. */
const programs = new Map<number, Started>();
/** Groups of those that may not outlive the agent. */
const bound = new Set<number>();

/** An agent that hears nothing any more has ended. */
const report = (text: StarterReport) => process.send?.(text, () => {});

async function run(id: number, call: ProgramCall): Promise<ProgramEnd> {
  const program = new RunningProgram(call);
  const { pid } = program;
  programs.set(id, { drop: () => program.hurry(), begin: () => {} });
  if (pid !== undefined) {
    report({ id, pid });
  }
  if (pid !== undefined && call.endsWithAgent) {
    bound.add(pid);
  }
  const end = await program.end;
  bound.delete(pid ?? 0);
  programs.delete(id);
  return end;
}

async function connect(id: number, call: ConnectionCall): Promise<void> {
  const program = new ConnectingProgram(call);
  const drop = () => {
    programs.delete(id);
    program.end();
  };
  programs.set(id, { drop, begin: () => program.begin() });
  const said = await program.said;
  process.send?.({ id, said } satisfies StarterReport, program.connection, {}, () => {});
}

process.on('message', async (request: StarterRequest) => {
  const { id } = request;
  if ('call' in request) {
    const end = await run(id, request.call).catch((error) =>
      failedEnd(`cannot be started: ${errorText(error)}`),
    );
    report({ id, end });
  } else if ('connection' in request) {
    await connect(id, request.connection).catch((error) => report({ id, said: errorText(error) }));
  } else {
    programs.get(id)?.[request.does]();
  }
});

function leave(): void {
  for (const pid of bound) {
    killGroup(pid);
  }
  process.exit();
}

// Node tells of no end of its channel while a connection that it has passed on is not acknowledged,
// nor of one from before this module was there.
const agent = process.ppid;
setInterval(() => (process.connected && process.ppid === agent) || leave(), LOOK_MS);
process.on('disconnect', leave);

// Where all processes of a service are asked to end, the agent still needs what it has begun.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  process.on(signal, () => {});
}
