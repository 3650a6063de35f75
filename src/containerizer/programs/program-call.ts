// What is asked of a program that the agent starts, and what comes of it: data, for it is begun by
// another process (starting-process.ts).

export interface ProgramCall {
  /** A path, or a name that is looked for in the PATH of its environment. */
  readonly program: string;
  readonly words: readonly string[];
  /** All of its environment. */
  readonly environment: Readonly<Record<string, string>>;
  readonly input: string;
  /** Of its output, and of its errors. */
  readonly mostBytes: number;
  readonly patience: Patience;
  /** Whether nothing of it may go on after the agent. */
  readonly endsWithAgent: boolean;
}

/** Of a program that connects to something (connecting-program.ts). */
export type ConnectionCall = Pick<ProgramCall, 'program' | 'words'>;

export interface Patience {
  /** How long a program may take. */
  readonly longestMs: number;
  /** How long it may go on when nobody wants its answer any more. */
  readonly unwantedMs: number;
  /** How long it may take to end when it is asked to. */
  readonly endMs: number;
}

export interface ProgramEnd {
  /** How it failed, after its name; undefined: it has exited with status 0. */
  readonly failure: string | undefined;
  /** Whether it has come to its end by itself, whatever its status. */
  readonly hasExited: boolean;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/** How long output may still come from what a program has left behind. */
export const LAST_OUTPUT_MS = 500;

/** The end of one of which there is nothing but the failure. */
export const failedEnd = (failure: string): ProgramEnd => ({
  failure,
  hasExited: false,
  stdout: Buffer.alloc(0),
  stderr: Buffer.alloc(0),
});
