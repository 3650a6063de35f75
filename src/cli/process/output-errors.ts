// What a program does when its output cannot be written: the reader of a pipe has gone (`| head`),
// or a disk is full. Left to itself, Node would print a stack trace. Loaded first of all.
import { writeSync } from 'node:fs';

/** Conventional exit status of a program that SIGPIPE ended. */
const SIGPIPE_STATUS = 141;
const STDOUT = 1;
const STDERR = 2;

let onReaderGone: (() => void) | undefined;
let isServer = false;

/** A server outlives the reader of its log: lines that cannot be written are dropped. */
export function keepGoingWithoutReader(): void {
  isServer = true;
}

/** What to do, once, in place of ending at once. */
export function whenReaderIsGone(action: () => void): void {
  onReaderGone = action;
}

function failed(error: NodeJS.ErrnoException): void {
  if (isServer) {
    return;
  }
  if (error.code !== 'EPIPE' || onReaderGone === undefined) {
    giveUp(error.code);
  }
  const action = onReaderGone;
  onReaderGone = () => {};
  action();
}

function giveUp(code: string | undefined): never {
  if (code === 'EPIPE') {
    process.exit(SIGPIPE_STATUS);
  }
  complain(`mesoscale: output cannot be written (${code})\n`);
  process.exit(1);
}

/** For programs that end at once: what could not be written is known before. */
export function printNow(text: string): void {
  for (let rest = Buffer.from(text); rest.length > 0; ) {
    try {
      rest = rest.subarray(writeSync(STDOUT, rest));
    } catch (error) {
      // A pipe that is full and does not wait is tried again.
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EAGAIN') {
        giveUp(code);
      }
    }
  }
}

function complain(text: string): void {
  try {
    writeSync(STDERR, text);
  } catch {
    // Then there is no way left to say it.
  }
}

for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', failed);
}
