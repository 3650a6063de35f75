// The raw status of wait(2), and Mesos's description of it.

/** The exit code; undefined for a process that a signal ended. */
export const exitCode = (status: number) => ((status & 0x7f) === 0 ? status >> 8 : undefined);

export function describeWaitStatus(status: number): string {
  const signal = status & 0x7f;
  if (signal === 0) {
    return `exited with status ${status >> 8}`;
  }
  return `terminated with signal ${signalName(signal)}${(status & 0x80) === 0 ? '' : ' (core dumped)'}`;
}

// The names that strsignal(3) has on Linux, from signal 1.
const NAMES = [
  'Hangup',
  'Interrupt',
  'Quit',
  'Illegal instruction',
  'Trace/breakpoint trap',
  'Aborted',
  'Bus error',
  'Floating point exception',
  'Killed',
  'User defined signal 1',
  'Segmentation fault',
  'User defined signal 2',
  'Broken pipe',
  'Alarm clock',
  'Terminated',
  'Stack fault',
  'Child exited',
  'Continued',
  'Stopped (signal)',
  'Stopped',
  'Stopped (tty input)',
  'Stopped (tty output)',
  'Urgent I/O condition',
  'CPU time limit exceeded',
  'File size limit exceeded',
  'Virtual timer expired',
  'Profiling timer expired',
  'Window changed',
  'I/O possible',
  'Power failure',
  'Bad system call',
];

// The C library reserves the first two real-time signals (32 and 33).
const FIRST_REAL_TIME = 34;

function signalName(signal: number): string {
  return (
    NAMES[signal - 1] ??
    (signal < FIRST_REAL_TIME
      ? `Unknown signal ${signal}`
      : `Real-time signal ${signal - FIRST_REAL_TIME}`)
  );
}

export interface Signal {
  readonly number: number;
  /** As strsignal(3) has it, such as Terminated or Killed. */
  readonly name: string;
}

export interface DescribedEnd {
  readonly exitStatus: number | undefined;
  readonly signal: Signal | undefined;
}

/** What `describeWaitStatus` says, wherever in the text it does; neither where it does nowhere. */
export function describedEnd(text: string): DescribedEnd {
  const status = /exited with status (\d+)/.exec(text)?.[1];
  const signal = /terminated with signal (.*)/.exec(text)?.[1];
  return {
    exitStatus: status === undefined ? undefined : Number(status),
    signal: signal === undefined ? undefined : signalAt(signal),
  };
}

/** The signal whose name the text begins with. */
function signalAt(text: string): Signal | undefined {
  // The longest name first: "Stopped (signal)" begins with "Stopped".
  const known = NAMES.toSorted((one, two) => two.length - one.length);
  const name = known.find((it) => text.startsWith(it));
  if (name !== undefined) {
    return { number: NAMES.indexOf(name) + 1, name };
  }
  const [other, kind, digits] = /^(Unknown|Real-time) signal (\d{1,2})/.exec(text) ?? [];
  return other === undefined
    ? undefined
    : { number: Number(digits) + (kind === 'Unknown' ? 0 : FIRST_REAL_TIME), name: other };
}
