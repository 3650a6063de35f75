// The thread that runs the supervisor's program for layers. To start a process holds up whoever
// does it until the process runs, which takes milliseconds, and far more where processors are
// scarce: of hundreds of containers that are launched together, the agent's loop would hear that.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { parentPort } from 'node:worker_threads';
import { answer } from '../../threads/answering.ts';
import { shown } from '../unpacking/tar-reader.ts';

export interface ProgramQuestion {
  readonly program: string;
  readonly words: readonly string[];
  /** What it reads, with a character for each byte. */
  readonly input: string;
  /** 0: it may take as long as it does. */
  readonly limitMs: number;
}

const run = promisify(execFile);

answer(
  parentPort,
  {
    run: async ({ program, words, input, limitMs }: ProgramQuestion, abort): Promise<void> => {
      const running = run(program, words, {
        signal: abort,
        timeout: limitMs,
        killSignal: 'SIGKILL',
        encoding: 'latin1',
      });
      // It says itself why it takes no more.
      running.child.stdin?.on('error', () => undefined).end(input, 'latin1');
      await running;
    },
  },
  (error): string => {
    const { stdout = '', message } = error as Error & { readonly stdout?: string };
    return shown(stdout.trim()) || message;
  },
);
