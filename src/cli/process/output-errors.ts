// Handles output that cannot be written: the reader of a pipe has gone (`
// head`), or a disk is full. Node by itself would print a stack trace. Loaded before everything
// else.
import { writeSync } from 'node:fs';

/** The usual exit status of a program that SIGPIPE ended. */
const SIGPIPE_STATUS = 141;
const STDOUT = 1;
const STDERR = 2;

let onReaderGone: (() => void) | undefined;
let isServer = false;

/** For servers, which outlive the reader of their log: lines that cannot be written are dropped. */
export function keepGoingWithoutReader(): void {
  isServer = true;
}

/** Sets what to do, once, in place of ending at once. */
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

/** For programs that end at once: they know before whether everything was written. */
export function printNow(text: string): void {
  for (let rest = Buffer.from(text); rest.length > 0; ) {
    try {
      rest = rest.subarray(writeSync(STDOUT, rest));
    } catch (error) {
      // A full pipe that does not block is retried.
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
    // There is no way left to report it.
  }
}

for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', failed);
}
